/** Sizes of the parts of a tree. */
import { NODE_GAP, nodeSize, outputWidth } from './node-box.js';
import { type Chain, type Item, isParallel, type Parallel } from './tree.js';

/** Extent of an item: to the left and right of its axis, and below its upper end. */
export interface Size {
  readonly left: number;
  readonly right: number;
  readonly height: number;
}

const BRANCH_GAP = 28;
/** Distance from a node to the line at which its branches part. The shape of its output is written there. */
export const FORK = 26;
/** Distance from that line to the branches, and from the line where they meet to the next node. */
export const LEAD = 18;
/** Distance from the longest branch to the line where the branches meet. */
const MEET = 26;
const SKIP: Size = { left: 4, right: 8, height: 0 };

const widest = (sizes: readonly Size[]): Omit<Size, 'height'> => ({
  left: Math.max(...sizes.map(({ left }) => left)),
  right: Math.max(...sizes.map(({ right }) => right)),
});

export const tallest = (sizes: readonly Size[]): number => Math.max(...sizes.map(({ height }) => height));

function sizeOf(item: Item, last: boolean): Size {
  if (isParallel(item)) return parallelSize(item, last);
  const { width, height } = nodeSize(item);
  return { left: width / 2, right: Math.max(width / 2, outputWidth(item)), height };
}

/** The distance below a fork is already part of the branches' height. */
export function gapBefore(chain: Chain, i: number): number {
  const before = chain[i - 1];
  if (!before || isParallel(chain[i]!)) return 0;
  return isParallel(before) ? LEAD : NODE_GAP;
}

export function chainSize(chain: Chain): Size {
  if (chain.length === 0) return SKIP;
  const sizes = chain.map((item, i) => sizeOf(item, i === chain.length - 1));
  const heights = sizes.map(({ height }, i) => height + gapBefore(chain, i));
  return { ...widest(sizes), height: heights.reduce((total, height) => total + height) };
}

/**
 * Computes the size of parallel branches. Of two branches, the larger one continues straight; more are spread around
 * the middle. `open`: the branches do not meet.
 */
export function parallelSize(parallel: Parallel, open: boolean): Size {
  const branches = ordered(parallel);
  const sizes = branches.map(chainSize);
  const columns = columnsOf(branches, open);
  const width = Math.max(...columns.map((column, i) => column + sizes[i]!.right)) + sizes[0]!.left;
  const left = columns.length === 2 ? sizes[0]!.left : width / 2;
  return { left, right: width - left, height: FORK + LEAD + tallest(sizes) + (open ? 0 : MEET) };
}

/**
 * Returns the axes of the branches relative to the first one. An output beside a long branch stands close to its start.
 */
export function columnsOf(branches: readonly Chain[], open: boolean): number[] {
  const sizes = branches.map(chainSize);
  const columns = [0];
  for (const [i, size] of sizes.slice(1).entries()) {
    const right = open ? rightWithin(branches[i]!, size.height + NODE_GAP) : sizes[i]!.right;
    columns.push(columns[i]! + right + BRANCH_GAP + size.left);
  }
  return columns;
}

/** Returns how far to the right the upper part of a chain reaches. */
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

export function ordered({ branches }: Parallel): readonly Chain[] {
  if (branches.length === 2) return branches.toSorted((a, b) => lengthOf(b) - lengthOf(a));
  return [...branches.filter((chain) => chain.length > 0), ...branches.filter((chain) => chain.length === 0)];
}
