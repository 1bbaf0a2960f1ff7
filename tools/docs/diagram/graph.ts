/** The graph of a LayersModel, or of a part of it, as a reader sees it: some layers are one node. */
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { collapse, FOLLOWERS, single } from './collapse.js';
import type { Graph, GraphNode } from './node.js';

export interface GraphOptions {
  /** Only the layers under this path of the state dict, or from the first layer to the last one. */
  readonly from?: string | readonly [first: string, last: string];
  /** Layers whose paths begin with the same `depth` names are one node. */
  readonly depth?: number;
  /** Equal nodes one after the other become one, "2 x". */
  readonly merge?: boolean;
}

function select(all: readonly layers.Layer[], from: GraphOptions['from']): readonly layers.Layer[] {
  if (from === undefined) return all;
  if (typeof from === 'string') return all.filter(({ name }) => name.startsWith(`${from}.`));
  const [first, last] = from.map((path) => all.findIndex(({ name }) => name === path)) as [number, number];
  return first < 0 ? [] : all.slice(first, last + 1);
}

/** Where a part begins, its input stands in place of the layer that gives it. */
function withInputs(graph: Graph, model: LayersModel): Graph {
  const known = new Set(graph.nodes.map(({ id }) => id));
  const sources = new Set(graph.edges.map(([from]) => from).filter((from) => !known.has(from)));
  const inputs = [...sources].map((name): GraphNode => {
    const node = single(model.getLayer(name));
    return { ...node, kind: 'input', text: node.kind === 'input' ? node.text : 'input', path: '', layers: [] };
  });
  return { nodes: [...inputs, ...graph.nodes], edges: graph.edges };
}

/** Joins pairs of neighbours on a plain path, from input to output, where `join` gives a node. */
function joinNeighbours(graph: Graph, join: (node: GraphNode, next: GraphNode) => GraphNode | undefined): Graph {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  let edges = graph.edges;
  for (const { id } of graph.nodes) {
    const before = edges.filter(([, to]) => to === id);
    const source = before.length === 1 ? nodes.get(before[0]![0]) : undefined;
    if (!source || edges.filter(([from]) => from === source.id).length !== 1) continue;
    const joined = join(source, nodes.get(id)!);
    if (!joined) continue;
    nodes.set(source.id, joined);
    nodes.delete(id);
    edges = edges
      .filter(([, to]) => to !== id)
      .map(([from, to]): readonly [string, string] => [from === id ? source.id : from, to]);
  }
  return { nodes: [...nodes.values()], edges };
}

/** A convolution with the BatchNorm and ReLU behind it is one node. */
function follow(node: GraphNode, next: GraphNode): GraphNode | undefined {
  if (!FOLLOWERS.includes(next.kind) || node.kind === 'input' || node.kind === 'group') return undefined;
  const same = next.kind === 'reshape' && node.kind === 'reshape';
  if (next.kind === 'reshape' && !same) return undefined;
  const { output } = next;
  return {
    ...node,
    output,
    path: same ? next.path : node.path,
    layers: [...node.layers, ...next.layers],
    after: same ? node.after : [...node.after, { kind: next.kind, text: next.text }],
  };
}

const textOf = ({ text, after }: GraphNode): string => [text, ...after.map((each) => each.text)].join('\n');

function repeat(node: GraphNode, next: GraphNode): GraphNode | undefined {
  if (node.kind === 'group' || textOf(node) !== textOf(next)) return undefined;
  return {
    ...node,
    path: `${node.layers[0]} … ${next.path}`,
    output: next.output,
    layers: [...node.layers, ...next.layers],
    times: node.times + next.times,
  };
}

export function graphOf(model: LayersModel, { from, depth = Number.POSITIVE_INFINITY, merge }: GraphOptions): Graph {
  const members = select(model.layers, from);
  if (members.length === 0) throw new Error(`${model.name} has no layers at ${JSON.stringify(from)}.`);
  const graph = joinNeighbours(withInputs(collapse(members, depth), model), follow);
  return merge ? joinNeighbours(graph, repeat) : graph;
}
