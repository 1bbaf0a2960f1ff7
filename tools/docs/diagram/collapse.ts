/** Turns layers into nodes: each layer by itself, or a whole part of the net as one node. */
import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, type Kind } from './kind.js';
import type { Graph, GraphNode } from './node.js';

const inputsOf = (layer: layers.Layer): string[] =>
  (layer.inboundNodes[0]?.inputTensors ?? [])
    .map(({ sourceLayer }: SymbolicTensor) => sourceLayer.name)
    .filter((name) => name !== layer.name);

const outputOf = (layer: layers.Layer): (number | null)[] => [layer.output as SymbolicTensor].flat()[0]!.shape.slice(1);

export const single = (layer: layers.Layer): GraphNode => {
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

/** Kinds of layers that are drawn as part of the previous layer's node. */
export const FOLLOWERS: readonly Kind[] = ['norm', 'activation', 'dropout', 'reshape'];

const kindOf = (layer: layers.Layer): Kind => describe(layer, outputOf(layer)).kind;

const noun = (n: number, word: string): string[] => (n === 0 ? [] : [`${n} ${word}${n === 1 ? '' : 's'}`]);

/** Returns the number of blocks in a stage, i.e. of sub-parts in a group that has nothing else. */
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

/**
 * Groups layers by the first `depth` names of their paths. A layer that would be alone, except for its followers, stays
 * by itself.
 */
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

/** Layers whose paths begin with the same `depth` names are one node. */
export function collapse(members: readonly layers.Layer[], depth: number): Graph {
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
