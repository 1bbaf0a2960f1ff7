/** Graph of a LayersModel, or of a part of it, in which several layers may be one node. */
import { type NetNode, walk } from '@cnnzoo/core/internal';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { collapse, FOLLOWERS, single } from './collapse.js';
import type { Graph, GraphNode } from './node.js';

export interface GraphOptions {
  /** Path in the state dict to restrict the graph to, or its first and last layer. */
  readonly from?: string | readonly [first: string, last: string];
  /** Number of leading names of a path by which layers are grouped into one node. */
  readonly depth?: number;
  /** True to merge equal consecutive nodes into one, "2 x". */
  readonly merge?: boolean;
}

function select(all: readonly NetNode[], from: GraphOptions['from']): readonly NetNode[] {
  if (from === undefined) return all;
  if (typeof from === 'string') return all.filter((node) => node.path.startsWith(`${from}.`));
  const [first, last] = from.map((path) => all.findIndex((node) => node.path === path)) as [number, number];
  return first < 0 ? [] : all.slice(first, last + 1);
}

/** Adds an input node at the start of a part, in place of the layer that computes it. */
function withInputs(graph: Graph, all: readonly NetNode[]): Graph {
  const known = new Set(graph.nodes.map(({ id }) => id));
  const sources = new Set(graph.edges.map(([from]) => from).filter((from) => !known.has(from)));
  const inputs = [...sources].map((path): GraphNode => {
    const node = single(all.find((each) => each.path === path)!);
    return { ...node, kind: 'input', text: node.kind === 'input' ? node.text : 'input', path: '', layers: [] };
  });
  return { nodes: [...inputs, ...graph.nodes], edges: graph.edges };
}

/** Joins pairs of consecutive nodes on a path without branches, from input to output, if `join` returns a node. */
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

/** Merges a convolution with the BatchNorm and ReLU that follow it. */
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
  const { nodes } = walk(model);
  const members = select(nodes, from);
  if (members.length === 0) throw new Error(`${model.name} has no layers at ${JSON.stringify(from)}.`);
  const graph = joinNeighbours(withInputs(collapse(members, depth), nodes), follow);
  return merge ? joinNeighbours(graph, repeat) : graph;
}
