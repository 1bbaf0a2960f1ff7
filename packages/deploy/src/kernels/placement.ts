import type { BinaryNode, ConvNode, GraphValue } from '../graph/index.js';
import { joinsChannels, type LoweredGraph, type LoweredNode } from './lower.js';

/*
 * Decides which values share memory: a value that a concatenation alone reads lies in the result of the concatenation from
 * the start, and the sum of a residual block is computed in the place of its shortcut, by the convolution before it.
 */

/** A sum that a convolution adds to while it computes. */
export interface FusedAdd {
  readonly add: BinaryNode;
  readonly conv: ConvNode;
  /** The other value of the sum. */
  readonly shortcut: GraphValue;
}

/** Memory of one or more values: a map with a border. */
export interface Home {
  /** Value that fills the whole. */
  readonly value: GraphValue;
}

/** Part of a home that holds a value: its channels from `channel` on. */
export interface Place {
  readonly home: Home;
  readonly channel: number;
}

export interface Placement {
  /** Nodes in the order of computation. Fused convolutions are left out. */
  readonly nodes: readonly LoweredNode[];
  /** Fused sums, by their nodes. */
  readonly adds: ReadonlyMap<LoweredNode, FusedAdd>;
  readonly places: ReadonlyMap<GraphValue, Place>;
}

/** Nodes that read each value, in order. */
function readersOf({ nodes }: LoweredGraph): Map<GraphValue, LoweredNode[]> {
  const readers = new Map<GraphValue, LoweredNode[]>();
  for (const node of nodes)
    for (const value of node.inputs) {
      const known = readers.get(value);
      if (known) known.push(node);
      else readers.set(value, [node]);
    }
  return readers;
}

function fusedAdds(graph: LoweredGraph, readers: ReadonlyMap<GraphValue, LoweredNode[]>): Map<LoweredNode, FusedAdd> {
  const order = new Map(graph.nodes.map((node, i) => [node.output, i]));
  const adds = new Map<LoweredNode, FusedAdd>();
  for (const node of graph.nodes) {
    if (node.op !== 'binary' || node.operator !== 'add') continue;
    const candidates = node.inputs
      .map((value) => ({ place: order.get(value) ?? -1, value }))
      .sort((a, b) => b.place - a.place);
    for (const { place, value } of candidates) {
      const conv = graph.nodes[place];
      if (conv?.op !== 'conv' || conv.relu || readers.get(value)!.length > 1 || graph.outputs.includes(value)) continue;
      const shortcut = node.inputs.find((each) => each !== value)!;
      // A shortcut that is repeated over the map is no place for the sum.
      if (shortcut.shape.join() !== value.shape.join()) continue;
      const types = [...conv.inputs, value, shortcut, node.output].map((each) => graph.integers.has(each));
      if (types.some((type) => type !== types[0])) continue;
      adds.set(node, { add: node, conv, shortcut });
      break;
    }
  }
  return adds;
}

/**
 * Places the values of a graph.
 *
 * @param separate true: no sum is fused, so that each value exists at the end of its node.
 */
export function placementOf(graph: LoweredGraph, separate: boolean): Placement {
  const readers = readersOf(graph);
  const adds = separate ? new Map<LoweredNode, FusedAdd>() : fusedAdds(graph, readers);
  const fused = new Set<LoweredNode>([...adds.values()].map(({ conv }) => conv));
  const nodes = graph.nodes.filter((node) => !fused.has(node));
  const produced = new Set(nodes.map(({ output }) => output));
  const turns = new Map<LoweredNode, number>(nodes.map((node, turn) => [node, turn]));
  for (const [node, { conv }] of adds) turns.set(conv, turns.get(node)!);
  const places = new Map<GraphValue, Place>();
  const placeOf = (value: GraphValue): Place => {
    const place = places.get(value) ?? { home: { value }, channel: 0 };
    places.set(value, place);
    return place;
  };
  /** True if a value may lie where the output of the only, or last, node that reads it lies. */
  const isFree = (value: GraphValue): boolean =>
    produced.has(value) && !places.has(value) && !graph.outputs.includes(value);
  for (const node of [...nodes].reverse()) {
    const place = placeOf(node.output);
    const add = adds.get(node);
    if (add && isFree(add.shortcut)) {
      const isLast = readers
        .get(add.shortcut)!
        .every((reader) => reader === node || turns.get(reader)! < turns.get(node)!);
      if (isLast) places.set(add.shortcut, place);
    }
    if (node.op === 'concat' && joinsChannels(node)) {
      let { channel } = place;
      for (const value of node.inputs) {
        if (isFree(value) && readers.get(value)!.length === 1) places.set(value, { home: place.home, channel });
        channel += value.shape.at(-1)!;
      }
    }
  }
  for (const value of graph.inputs) placeOf(value);
  return { nodes, adds, places };
}
