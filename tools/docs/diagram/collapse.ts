/** Turns layers into nodes: each layer by itself, or a whole part of the net as one node. */
import type { NetNode } from '@cnnzoo/core/internal';
import { describe, type Kind } from './kind.js';
import type { Graph, GraphNode } from './node.js';

export const single = (node: NetNode): GraphNode => ({
  ...describe(node),
  id: node.path,
  path: node.path,
  after: [],
  output: node.shape.slice(1),
  layers: [node.path],
  times: 1,
});

/** Kinds of layers that are drawn as part of the previous layer's node. */
export const FOLLOWERS: readonly Kind[] = ['norm', 'activation', 'dropout', 'reshape'];

const kindOf = (node: NetNode): Kind => describe(node).kind;

const noun = (n: number, word: string): string[] => (n === 0 ? [] : [`${n} ${word}${n === 1 ? '' : 's'}`]);

/** Returns the number of blocks in a stage, i.e. of sub-parts in a group that has nothing else. */
function blocksIn(path: string, members: readonly NetNode[]): number {
  const names = members.map((member) => member.path.slice(path.length + 1).split('.'));
  const blocks = new Set(names.map(([first]) => first)).size;
  return blocks > 1 && names.every(({ length }) => length > 1) ? blocks : 0;
}

function collapsed(path: string, members: readonly NetNode[]): GraphNode {
  if (members.length === 1) return { ...single(members[0]!), id: path };
  const count = (kind: Kind) => members.filter((node) => kindOf(node) === kind).length;
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
    output: members.at(-1)!.shape.slice(1),
    layers: members.map((member) => member.path),
    times: 1,
  };
}

/**
 * Groups layers by the first `depth` names of their paths. A layer that would be alone, except for its followers, stays
 * by itself.
 */
function grouped(members: readonly NetNode[], depth: number): Map<string, NetNode[]> {
  const groups = new Map<string, NetNode[]>();
  for (const node of members) {
    const path = node.path.split('.').slice(0, depth).join('.');
    groups.set(path, [...(groups.get(path) ?? []), node]);
  }
  const isGroup = (group: NetNode[]) => group.filter((node) => !FOLLOWERS.includes(kindOf(node))).length > 1;
  return new Map(
    [...groups].flatMap(([path, group]): [string, NetNode[]][] =>
      isGroup(group) ? [[path, group]] : group.map((node) => [node.path, [node]]),
    ),
  );
}

/** Layers whose paths begin with the same `depth` names are one node. */
export function collapse(members: readonly NetNode[], depth: number): Graph {
  const groups = grouped(members, depth);
  const nodes = [...groups].map(([path, group]) => collapsed(path, group));
  const keys = new Map([...groups].flatMap(([path, group]) => group.map((node) => [node.path, path] as const)));
  const edges = new Map<string, readonly [string, string]>();
  for (const node of members)
    for (const source of node.inputs) {
      const [from, to] = [keys.get(source.path) ?? source.path, keys.get(node.path)!];
      if (from !== to) edges.set(`${from} ${to}`, [from, to]);
    }
  return { nodes, edges: [...edges.values()] };
}
