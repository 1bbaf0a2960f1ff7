/** The graph of a LayersModel, or of a part of it, as a reader sees it: some layers are one node. */
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Described, describe, type Kind } from './kind.js';

export interface GraphNode extends Described {
  readonly id: string;
  /** Path in the state dict, or the range of paths; shorter by the prefix that the whole drawing has. */
  readonly path: string;
  /** What is done to the node's result right away: BatchNorm, ReLU, dropout. */
  readonly after: readonly Described[];
  /** Of the last layer: height, width, channels, or features. */
  readonly output: readonly (number | null)[];
  /** Names of the model's layers, from input to output. */
  readonly layers: readonly string[];
  /** How often it stands one after the other. */
  readonly times: number;
}

/** Nodes from input to output. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly (readonly [from: string, to: string])[];
}

export interface GraphOptions {
  /** Only the layers under this path of the state dict, or from the first layer to the last one. */
  readonly from?: string | readonly [first: string, last: string];
  /** Layers whose paths begin with the same `depth` names are one node. */
  readonly depth?: number;
  /** Equal nodes one after the other become one, "2 x". */
  readonly merge?: boolean;
}

const inputsOf = (layer: layers.Layer): string[] =>
  (layer.inboundNodes[0]?.inputTensors ?? [])
    .map(({ sourceLayer }: SymbolicTensor) => sourceLayer.name)
    .filter((name) => name !== layer.name);

const outputOf = (layer: layers.Layer): (number | null)[] => [layer.output as SymbolicTensor].flat()[0]!.shape.slice(1);

function select(all: readonly layers.Layer[], from: GraphOptions['from']): readonly layers.Layer[] {
  if (from === undefined) return all;
  if (typeof from === 'string') return all.filter(({ name }) => name.startsWith(`${from}.`));
  const [first, last] = from.map((path) => all.findIndex(({ name }) => name === path)) as [number, number];
  return first < 0 ? [] : all.slice(first, last + 1);
}

const single = (layer: layers.Layer): GraphNode => {
  const output = outputOf(layer);
  return {
    ...describe(layer, output),
    id: layer.name,
    path: layer.name,
    after: [],
    output,
    layers: [layer.name],
    times: 1,
  };
};

const FOLLOWERS: readonly Kind[] = ['norm', 'activation', 'dropout', 'reshape'];

const kindOf = (layer: layers.Layer): Kind => describe(layer, outputOf(layer)).kind;

const noun = (n: number, word: string): string[] => (n === 0 ? [] : [`${n} ${word}${n === 1 ? '' : 's'}`]);

/** How many parts of parts a group has, where it has nothing else: the blocks of a stage. */
function blocksIn(path: string, members: readonly layers.Layer[]): number {
  const names = members.map(({ name }) => name.slice(path.length + 1).split('.'));
  const blocks = new Set(names.map(([first]) => first)).size;
  return blocks > 1 && names.every(({ length }) => length > 1) ? blocks : 0;
}

function collapsed(path: string, members: readonly layers.Layer[]): GraphNode {
  if (members.length === 1) return { ...single(members[0]!), id: path };
  const count = (kind: Kind) => members.filter((layer) => kindOf(layer) === kind).length;
  return {
    kind: 'group',
    text: [
      ...noun(blocksIn(path, members), 'block'),
      ...noun(count('conv'), 'convolution'),
      ...noun(count('linear'), 'linear layer'),
    ].join(', '),
    id: path,
    path,
    after: [],
    output: outputOf(members.at(-1)!),
    layers: members.map(({ name }) => name),
    times: 1,
  };
}

/** By the first `depth` names of their paths; a layer with no more than its followers stays by itself. */
function grouped(members: readonly layers.Layer[], depth: number): Map<string, layers.Layer[]> {
  const groups = new Map<string, layers.Layer[]>();
  for (const layer of members) {
    const path = layer.name.split('.').slice(0, depth).join('.');
    groups.set(path, [...(groups.get(path) ?? []), layer]);
  }
  const isGroup = (group: layers.Layer[]) => group.filter((layer) => !FOLLOWERS.includes(kindOf(layer))).length > 1;
  return new Map(
    [...groups].flatMap(([path, group]): [string, layers.Layer[]][] =>
      isGroup(group) ? [[path, group]] : group.map((layer) => [layer.name, [layer]]),
    ),
  );
}

function collapse(members: readonly layers.Layer[], depth: number): Graph {
  const groups = grouped(members, depth);
  const nodes = [...groups].map(([path, group]) => collapsed(path, group));
  const keys = new Map([...groups].flatMap(([path, group]) => group.map(({ name }) => [name, path] as const)));
  const edges = new Map<string, readonly [string, string]>();
  for (const layer of members)
    for (const source of inputsOf(layer)) {
      const [from, to] = [keys.get(source) ?? source, keys.get(layer.name)!];
      if (from !== to) edges.set(`${from} ${to}`, [from, to]);
    }
  return { nodes, edges: [...edges.values()] };
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
