/** Places a tree of chains: top to bottom, branches side by side, all ways straight down or across. */
import type { GraphNode } from './graph.js';
import { NODE_GAP, nodeSize, outputWidth } from './node-box.js';
import { type Chain, type Item, isParallel, type Parallel } from './tree.js';

export type Point = readonly [x: number, y: number];

export interface Placed {
  readonly node: GraphNode;
  /** The middle of its upper edge. */
  readonly x: number;
  readonly y: number;
}

export interface Way {
  readonly points: readonly Point[];
  /** Passes its input on. */
  readonly skip: boolean;
  /** Ends at a node. */
  readonly arrow: boolean;
}

export interface Layout {
  readonly nodes: readonly Placed[];
  readonly ways: readonly Way[];
}

/** What an item takes: to the left and right of its axis, and below its upper end. */
interface Size {
  readonly left: number;
  readonly right: number;
  readonly height: number;
}

const BRANCH_GAP = 28;
/** From a node to the line on which its branches part; its output's shape stands there. */
const FORK = 26;
/** From that line to the branches, and from the line where they meet to the next node. */
const LEAD = 18;
/** From the longest branch to the line where they meet. */
const MEET = 26;
const SKIP: Size = { left: 4, right: 8, height: 0 };

const widest = (sizes: readonly Size[]): Omit<Size, 'height'> => ({
  left: Math.max(...sizes.map(({ left }) => left)),
  right: Math.max(...sizes.map(({ right }) => right)),
});

const tallest = (sizes: readonly Size[]): number => Math.max(...sizes.map(({ height }) => height));

function sizeOf(item: Item, last: boolean): Size {
  if (isParallel(item)) return parallelSize(item, last);
  const { width, height } = nodeSize(item);
  return { left: width / 2, right: Math.max(width / 2, outputWidth(item)), height };
}

/** A fork's own room is part of the branches' height. */
function gapBefore(chain: Chain, i: number): number {
  const before = chain[i - 1];
  if (!before || isParallel(chain[i]!)) return 0;
  return isParallel(before) ? LEAD : NODE_GAP;
}

function chainSize(chain: Chain): Size {
  if (chain.length === 0) return SKIP;
  const sizes = chain.map((item, i) => sizeOf(item, i === chain.length - 1));
  const heights = sizes.map(({ height }, i) => height + gapBefore(chain, i));
  return { ...widest(sizes), height: heights.reduce((total, height) => total + height) };
}

/**
 * The branch with most in it goes straight on where there are two; more are spread about the middle. `open`: they don't
 * meet.
 */
function parallelSize(parallel: Parallel, open: boolean): Size {
  const branches = ordered(parallel);
  const sizes = branches.map(chainSize);
  const columns = columnsOf(branches, open);
  const width = Math.max(...columns.map((column, i) => column + sizes[i]!.right)) + sizes[0]!.left;
  const left = columns.length === 2 ? sizes[0]!.left : width / 2;
  return { left, right: width - left, height: FORK + LEAD + tallest(sizes) + (open ? 0 : MEET) };
}

/** Where the branches' axes are, from that of the first. An output beside a long way stands close to its beginning. */
function columnsOf(branches: readonly Chain[], open: boolean): number[] {
  const sizes = branches.map(chainSize);
  const columns = [0];
  for (const [i, size] of sizes.slice(1).entries()) {
    const right = open ? rightWithin(branches[i]!, size.height + NODE_GAP) : sizes[i]!.right;
    columns.push(columns[i]! + right + BRANCH_GAP + size.left);
  }
  return columns;
}

/** How far right a chain reaches in its upper part. */
function rightWithin(chain: Chain, height: number): number {
  let [right, y] = [0, 0];
  for (const [i, item] of chain.entries()) {
    if (y >= height) break;
    const size = sizeOf(item, i === chain.length - 1);
    right = Math.max(right, size.right);
    y += gapBefore(chain, i) + size.height;
  }
  return right;
}

const lengthOf = (chain: Chain): number =>
  chain.reduce((n, item) => n + (isParallel(item) ? Math.max(...item.branches.map(lengthOf)) : 1), 0);

function ordered({ branches }: Parallel): readonly Chain[] {
  if (branches.length === 2) return branches.toSorted((a, b) => lengthOf(b) - lengthOf(a));
  return [...branches.filter((chain) => chain.length > 0), ...branches.filter((chain) => chain.length === 0)];
}

class Placement {
  readonly nodes: Placed[] = [];
  readonly ways: Way[] = [];

  /** Places a chain whose input arrives at (x, y): gives where its output leaves. */
  chain(chain: Chain, x: number, y: number): Point {
    let at: Point = [x, y];
    for (const [i, item] of chain.entries()) {
      if (isParallel(item)) {
        const last = i === chain.length - 1;
        at = this.parallel(item, at, last);
        continue;
      }
      const before = chain[i - 1];
      if (before) {
        const top: Point = [x, at[1] + gapBefore(chain, i)];
        this.ways.push({ points: [at, top], skip: false, arrow: true });
        at = top;
      }
      this.nodes.push({ node: item, x, y: at[1] });
      at = [x, at[1] + nodeSize(item).height];
    }
    return at;
  }

  /** Branches that meet nowhere are outputs: they end where they end. */
  private parallel(parallel: Parallel, [x, y]: Point, open: boolean): Point {
    const { left, height } = parallelSize(parallel, open);
    const branches = ordered(parallel);
    const sizes = branches.map(chainSize);
    const [fork, meet] = [y + FORK, y + height];
    const way = (points: readonly Point[], skip: boolean, arrow: boolean) => this.ways.push({ points, skip, arrow });
    way(
      [
        [x, y],
        [x, fork],
      ],
      false,
      false,
    );
    const columns = columnsOf(branches, open);
    for (const [i, branch] of branches.entries()) {
      const size = sizes[i]!;
      const axis = x - left + sizes[0]!.left + columns[i]!;
      if (branch.length === 0) {
        way(
          [
            [x, fork],
            [axis, fork],
            [axis, meet],
            [x, meet],
          ],
          true,
          false,
        );
        continue;
      }
      const top = fork + LEAD + (open ? 0 : (tallest(sizes) - size.height) / 2);
      way(
        [
          [x, fork],
          [axis, fork],
          [axis, top],
        ],
        false,
        true,
      );
      const [, bottom] = this.chain(branch, axis, top);
      if (!open)
        way(
          [
            [axis, bottom],
            [axis, meet],
            [x, meet],
          ],
          false,
          false,
        );
    }
    return [x, meet];
  }
}

export function layoutOf(
  chain: Chain,
): Layout & { readonly left: number; readonly right: number; readonly height: number } {
  const placement = new Placement();
  placement.chain(chain, 0, 0);
  return { nodes: placement.nodes, ways: placement.ways, ...chainSize(chain) };
}
