/**
 * Graph as chains of nodes and of parallel branches, which lie between a fork and the node where all of them meet
 * again.
 */
import type { Graph, GraphNode } from './node.js';

export type Chain = readonly Item[];
export type Item = GraphNode | Parallel;
/** Branches side by side. An empty branch passes its input on. */
export interface Parallel {
  readonly branches: readonly Chain[];
}

export const isParallel = (item: Item): item is Parallel => 'branches' in item;

/**
 * A chain that other branches end in has no end of its own; these branches lie side by side before the node they meet
 * at.
 */
const endOf = (chain: Chain): string | undefined => {
  const last = chain.at(-1);
  return last && !isParallel(last) ? last.id : undefined;
};

type Next = ReadonlyMap<string, readonly string[]>;

/**
 * Finds, for each node, the first node that all paths from it to the end go through; undefined if that is the end
 * itself.
 */
function meetings(graph: Graph, next: Next): Map<string, string | undefined> {
  const meeting = new Map<string, string | undefined>();
  const onward = (id: string | undefined): (string | undefined)[] => {
    const way = [id];
    for (let at = id; at !== undefined; way.push(at)) at = meeting.get(at);
    return way;
  };
  for (const { id } of graph.nodes.toReversed()) {
    const ways = next.get(id)!.map(onward);
    meeting.set(
      id,
      ways[0]?.find((each) => ways.every((way) => way.includes(each))),
    );
  }
  return meeting;
}

/** Builds the tree from inputs to outputs. Throws if branches touch before they meet, which no net here does. */
export function treeOf(graph: Graph): Chain {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const next: Next = new Map(
    graph.nodes.map(({ id }) => [id, graph.edges.filter(([from]) => from === id).map(([, to]) => to)]),
  );
  const meeting = meetings(graph, next);
  const seen = new Set<string>();

  const chain = (start: string | undefined, stop: string | undefined): Chain => {
    const items: Item[] = [];
    for (let id = start; id !== stop && id !== undefined; id = meeting.get(id)) {
      if (seen.has(id)) throw new Error(`Two branches touch at ${id} before they meet.`);
      seen.add(id);
      items.push(nodes.get(id)!);
      const to = next.get(id)!;
      const meet = meeting.get(id);
      if (to.length > 1)
        items.push({
          branches: inOrderOfUse(
            id,
            to.map((each) => chain(each, meet)),
            meet,
          ),
        });
    }
    return items;
  };

  /**
   * Sorts branches in the order in which the node where they meet takes them. Branches that never meet keep their
   * order.
   */
  const inOrderOfUse = (fork: string, branches: readonly Chain[], meet: string | undefined): readonly Chain[] => {
    const order = graph.edges.filter(([, to]) => to === meet).map(([from]) => from);
    const rank = (branch: Chain) => order.indexOf(endOf(branch) ?? fork);
    return branches.toSorted((a, b) => rank(a) - rank(b));
  };

  const reached = new Set(graph.edges.map(([, to]) => to));
  const [first, ...others] = graph.nodes.filter(({ id }) => !reached.has(id));
  if (!first || others.length > 0) throw new Error(`Expected one input, received ${others.length + 1}.`);
  return chain(first.id, undefined);
}
