/** Places a tree of chains: top to bottom, with branches side by side and lines straight down or across. */
import type { GraphNode } from './node.js';
import { nodeSize } from './node-box.js';
import { chainSize, columnsOf, FORK, gapBefore, LEAD, ordered, parallelSize, tallest } from './size.js';
import { type Chain, isParallel, type Parallel } from './tree.js';

export type Point = readonly [x: number, y: number];

export interface Placed {
  readonly node: GraphNode;
  /** Middle of the node's upper edge. */
  readonly x: number;
  readonly y: number;
}

export interface Way {
  /** Kind of line: an arrow ends at a node, a skip is a branch without nodes. */
  readonly kind: 'line' | 'arrow' | 'skip';
  readonly points: readonly Point[];
}

export interface Layout {
  readonly nodes: readonly Placed[];
  readonly ways: readonly Way[];
}

class Placement {
  readonly nodes: Placed[] = [];
  readonly ways: Way[] = [];

  /** Places a chain whose input arrives at (x, y). Returns the point that its output leaves from. */
  chain(chain: Chain, x: number, y: number): Point {
    let at: Point = [x, y];
    for (const [i, item] of chain.entries()) {
      if (isParallel(item)) {
        at = this.parallel(item, at, i === chain.length - 1);
        continue;
      }
      if (i > 0) {
        const top: Point = [x, at[1] + gapBefore(chain, i)];
        this.way('arrow', at, top);
        at = top;
      }
      this.nodes.push({ node: item, x, y: at[1] });
      at = [x, at[1] + nodeSize(item).height];
    }
    return at;
  }

  /** Branches that never meet are outputs and end separately. */
  private parallel(parallel: Parallel, [x, y]: Point, open: boolean): Point {
    const { left, height } = parallelSize(parallel, open);
    const branches = ordered(parallel);
    const sizes = branches.map(chainSize);
    const columns = columnsOf(branches, open);
    const [fork, meet] = [y + FORK, y + height];
    this.way('line', [x, y], [x, fork]);
    for (const [i, branch] of branches.entries()) {
      const axis = x - left + sizes[0]!.left + columns[i]!;
      if (branch.length === 0) {
        this.way('skip', [x, fork], [axis, fork], [axis, meet], [x, meet]);
        continue;
      }
      const top = fork + LEAD + (open ? 0 : (tallest(sizes) - sizes[i]!.height) / 2);
      this.way('arrow', [x, fork], [axis, fork], [axis, top]);
      const [, bottom] = this.chain(branch, axis, top);
      if (!open) this.way('line', [axis, bottom], [axis, meet], [x, meet]);
    }
    return [x, meet];
  }

  private way(kind: Way['kind'], ...points: Point[]): void {
    this.ways.push({ kind, points });
  }
}

export function layoutOf(
  chain: Chain,
): Layout & { readonly left: number; readonly right: number; readonly height: number } {
  const placement = new Placement();
  placement.chain(chain, 0, 0);
  return { nodes: placement.nodes, ways: placement.ways, ...chainSize(chain) };
}
