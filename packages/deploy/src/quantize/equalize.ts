import type { GraphNode, GraphValue, GraphWeight, InferenceGraph } from '../graph/index.js';
import { type HeldWeight, heldWeight, withNodes, withWeights } from './held-graph.js';
import { isWeighted, type WeightedNode } from './plan.js';
import { biasOf, largestOf, weightOf } from './weights.js';

/** Rounds over all chains, after which the factors hardly change. */
const ROUNDS = 8;

type Chain = readonly [first: WeightedNode, second: WeightedNode];

/** Returns the layers whose only reader is a layer with a weight, and that reader. */
function chainsOf({ nodes, outputs }: InferenceGraph): Chain[] {
  const readers = new Map<GraphValue, GraphNode[]>();
  for (const node of nodes) for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  const uses = new Map<unknown, number>();
  for (const node of nodes.filter(isWeighted))
    for (const weight of [node.weight, node.bias]) uses.set(weight, (uses.get(weight) ?? 0) + 1);
  const isAlone = ({ weight, bias }: WeightedNode): boolean =>
    uses.get(weight) === 1 && (!bias || uses.get(bias) === 1);
  return nodes.filter(isWeighted).flatMap((first) => {
    const [second, ...others] = readers.get(first.output) ?? [];
    const fits = second && isWeighted(second) && others.length === 0 && !outputs.includes(first.output);
    return fits && isAlone(first) && isAlone(second) ? [[first, second] as const] : [];
  });
}

/** Calls back with the places of all weights that read an input channel. */
function eachOfInput(node: WeightedNode, call: (place: number, channel: number) => void): void {
  const { values, shape } = weightOf(node);
  const filters = shape.at(-1)!;
  const channels = shape.at(-2)!;
  const groups = node.op === 'conv' ? node.groups : 1;
  for (let place = 0; place < values.length; place++) {
    const group = Math.floor(((place % filters) * groups) / filters);
    call(place, group * channels + (Math.floor(place / filters) % channels));
  }
}

/** Gives an output channel of the first layer and the weights of the second that read it the same largest magnitude. */
function equalizeChain([first, second]: Chain): void {
  const largest = largestOf(weightOf(first));
  const read = new Float64Array(largest.length);
  const after = weightOf(second).values;
  eachOfInput(second, (place, channel) => {
    read[channel] = Math.max(read[channel]!, Math.abs(after[place]!));
  });
  // A channel that is 0 on one side stays as it is.
  const factors = largest.map((value, channel) => {
    const factor = Math.sqrt(value / read[channel]!);
    return factor > 2 ** -20 && factor < 2 ** 20 ? factor : 1;
  });
  for (const held of [weightOf(first), biasOf(first)]) {
    if (!held) continue;
    for (let i = 0; i < held.values.length; i++) held.values[i]! /= factors[i % factors.length]!;
  }
  eachOfInput(second, (place, channel) => {
    after[place]! *= factors[channel]!;
  });
}

const copyOf = (weight: GraphWeight): HeldWeight =>
  heldWeight(weight.name, weight.shape, (weight as HeldWeight).values.slice());

/**
 * Equalizes the ranges of the weights of layers that follow each other, without a change of what the net computes: cross-layer
 * equalization (Nagel et al., https://arxiv.org/abs/1906.04721, section 4.1). ReLU passes positive factors on. Layers whose output
 * something else reads too, and weights that layers share, stay as they are.
 */
export function equalized(graph: InferenceGraph): InferenceGraph {
  const chains = chainsOf(graph);
  const changed = new Set<GraphNode>(chains.flat());
  const copies = new Map<GraphNode, GraphNode>();
  for (const node of graph.nodes) copies.set(node, changed.has(node) ? withWeights(node, copyOf) : node);
  const copiedChains = chains.map((chain) => chain.map((node) => copies.get(node)) as unknown as Chain);
  for (let round = 0; round < ROUNDS; round++) for (const chain of copiedChains) equalizeChain(chain);
  return withNodes(graph, [...copies.values()]);
}
