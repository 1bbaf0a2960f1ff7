import type { GraphNode, GraphWeight, InferenceGraph } from '../graph/index.js';
import { textOf } from '../graph/index.js';

/** Weight whose values are an array of its own. */
export interface HeldWeight extends GraphWeight {
  /** Row-major. */
  readonly values: Float32Array;
}

/** Fields of nodes that are weights. */
const FIELDS = ['weight', 'bias', 'scale', 'shift'] as const;

/** Makes a weight of given values. */
export const heldWeight = (name: string, shape: readonly number[], values: Float32Array): HeldWeight => ({
  name,
  shape,
  values,
  read: async () => values,
});

/** Returns a node with other weights. */
export function withWeights(node: GraphNode, change: (weight: GraphWeight) => GraphWeight): GraphNode {
  const changed: Record<string, unknown> = { ...node };
  for (const field of FIELDS) {
    const weight = changed[field] as GraphWeight | undefined;
    if (typeof weight === 'object') changed[field] = change(weight);
  }
  return changed as unknown as GraphNode;
}

/** Returns a graph with other nodes. */
export function withNodes(graph: InferenceGraph, nodes: readonly GraphNode[]): InferenceGraph {
  const changed: InferenceGraph = { ...graph, nodes, toString: () => textOf(changed) };
  return changed;
}

/** Reads the weights of a graph into arrays, so that the net may change or be disposed of. Names of weights become unique. */
export async function holdWeights(graph: InferenceGraph): Promise<InferenceGraph> {
  const weights = new Set<GraphWeight>();
  for (const node of graph.nodes)
    withWeights(node, (weight) => {
      weights.add(weight);
      return weight;
    });
  const held = new Map<GraphWeight, HeldWeight>();
  const names = new Set<string>();
  for (const weight of weights) {
    let name = weight.name;
    for (let i = 1; names.has(name); i++) name = `${weight.name}_${i}`;
    names.add(name);
    // A copy: the backend cpu gives the memory of its tensors.
    held.set(weight, heldWeight(name, weight.shape, (await weight.read()).slice()));
  }
  return withNodes(
    graph,
    graph.nodes.map((node) => withWeights(node, (weight) => held.get(weight)!)),
  );
}
