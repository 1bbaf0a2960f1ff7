import {
  type ConvNode,
  type GraphNode,
  type GraphValue,
  type InferenceGraph,
  type LinearNode,
  movesValues,
} from '../graph/index.js';

/** Node with a weight: a convolution or linear layer. */
export type WeightedNode = ConvNode | LinearNode;

export const isWeighted = (node: GraphNode): node is WeightedNode => node.op === 'conv' || node.op === 'linear';

/** Parts of a graph that are kept or computed in 8 bits. */
export interface Plan {
  /** Convolutions and linear layers with a weight in 8 bits. */
  readonly weighted: readonly WeightedNode[];
  /** Values in 8 bits, those together that have one scale and zero point. */
  readonly groups: readonly (readonly GraphValue[])[];
  /** Convolutions and linear layers in float32, and why. */
  readonly inFloat: ReadonlyMap<string, string>;
}

/** Returns true for a node without a weight that is computed in 8 bits between nodes that are. */
const takesIntegers = (node: GraphNode): boolean =>
  movesValues(node) ||
  node.op === 'pool' ||
  node.op === 'global-pool' ||
  (node.op === 'binary' && node.operator === 'add');

/** Returns the nodes without a weight that integers reach from, or on their way to, the nodes of `start`. */
function between(graph: InferenceGraph, start: readonly GraphNode[]): Set<GraphNode> {
  const makers = new Map(graph.nodes.map((node) => [node.output, node]));
  const readers = new Map<GraphValue, GraphNode[]>();
  for (const node of graph.nodes)
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  const found = new Set(start);
  const waiting = [...start];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const next = [...node.inputs.map((input) => makers.get(input)), ...(readers.get(node.output) ?? [])];
    for (const each of next)
      if (each && takesIntegers(each) && !found.has(each)) {
        found.add(each);
        waiting.push(each);
      }
  }
  return found;
}

/** Puts values together whose scale and zero point must be the same. */
function grouped(values: ReadonlySet<GraphValue>, nodes: Iterable<GraphNode>): GraphValue[][] {
  const groups = new Map([...values].map((value) => [value, [value]]));
  for (const node of nodes) {
    if (!movesValues(node) || !values.has(node.output)) continue;
    for (const input of node.inputs) {
      const [group, other] = [groups.get(node.output)!, groups.get(input)!];
      if (group === other) continue;
      group.push(...other);
      for (const value of other) groups.set(value, group);
    }
  }
  return [...new Set(groups.values())];
}

/**
 * Chooses the values and weights of a graph that are kept in 8 bits: the inputs of all convolutions and linear layers, the outputs of
 * convolutions, and the values of additions, poolings and the nodes between them that only move values. The graph's outputs stay float32.
 *
 * @param keepFloat names of convolutions and linear layers that are computed in float32, and why.
 */
export function planOf(graph: InferenceGraph, keepFloat: ReadonlyMap<string, string>): Plan {
  const all = graph.nodes.filter(isWeighted);
  // A weight that several layers share is in 8 bits for all of them, or none.
  const kept = new Map(all.filter(({ name }) => keepFloat.has(name)).map((node) => [node.weight, node]));
  const inFloat = new Map<string, string>();
  const weighted: WeightedNode[] = [];
  for (const node of all) {
    const other = kept.get(node.weight);
    if (!other) weighted.push(node);
    else inFloat.set(node.name, keepFloat.get(node.name) ?? `has the weight of '${other.name}'`);
  }
  const outputs = new Set(graph.outputs);
  const nodes = between(graph, weighted);
  const values = new Set<GraphValue>();
  let size: number;
  do {
    size = nodes.size;
    values.clear();
    for (const node of nodes) {
      for (const input of node.inputs) values.add(input);
      // A linear layer gives float32 as well as integers.
      if (node.op !== 'linear' && !outputs.has(node.output)) values.add(node.output);
    }
    for (const node of nodes) if (!isWeighted(node) && !values.has(node.output)) nodes.delete(node);
  } while (nodes.size < size);
  return { weighted, groups: grouped(values, nodes), inFloat };
}
