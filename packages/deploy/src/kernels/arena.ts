/** Block of an arena, and the steps between which it is in use, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

const ALIGNMENT = 64;

/**
 * Gives blocks offsets in an arena so that blocks in use at the same time do not overlap: the largest first, each in the smallest
 * gap that holds it ("greedy by size", Pisarchyk and Lee, https://arxiv.org/abs/2001.03288).
 */
export function planArena(blocks: readonly Lifetime[]): {
  readonly offsets: readonly number[];
  readonly bytes: number;
} {
  const offsets = new Array<number>(blocks.length).fill(0);
  const placed: number[] = [];
  let total = 0;
  const bySize = [...blocks.keys()].sort((a, b) => blocks[b]!.bytes - blocks[a]!.bytes || a - b);
  for (const index of bySize) {
    const { bytes, first, last } = blocks[index]!;
    let best: number | undefined;
    let smallest = Number.POSITIVE_INFINITY;
    let end = 0;
    for (const other of placed) {
      if (blocks[other]!.last < first || blocks[other]!.first > last) continue;
      const gap = offsets[other]! - end;
      if (gap >= bytes && gap < smallest) [best, smallest] = [end, gap];
      end = Math.max(end, offsets[other]! + Math.ceil(blocks[other]!.bytes / ALIGNMENT) * ALIGNMENT);
    }
    offsets[index] = best ?? end;
    total = Math.max(total, offsets[index]! + bytes);
    placed.push(index);
    placed.sort((a, b) => offsets[a]! - offsets[b]!);
  }
  return { offsets, bytes: total };
}
