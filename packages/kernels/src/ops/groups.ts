import { type Geometry, PANEL } from './geometry.js';

/*
 * Merging of groups. A group with few channels would fill only some of a panel's 16 columns, so several groups are
 * computed as one, with zeros where an output channel does not see an input channel. The number of vector
 * multiplications stays the same, in longer runs.
 */

/** Returns the largest divisor of `groups` for which that many groups of `columns` columns fit into one panel. */
function mergeable(groups: number, columns: number): number {
  let count = Math.min(groups, Math.max(1, Math.floor(PANEL / columns)));
  while (groups % count !== 0) count--;
  return count;
}

/** Number of groups to compute as one if the columns of the product are output channels. */
export const mergedByOutput = ({ groups, outChannels }: Geometry): number => mergeable(groups, outChannels / groups);

/** Number of groups to compute as one if the columns of the product are input channels. */
export const mergedByInput = ({ groups, inChannels }: Geometry): number => mergeable(groups, inChannels / groups);

export const merge = (g: Geometry, count: number): Geometry => ({
  ...g,
  groups: g.groups / count,
});

/** Calls back for each stretch of output channels, with its place in the filter and in the filter of merged groups. */
function eachStretch(
  g: Geometry,
  count: number,
  visit: (inFilter: number, inMerged: number, length: number) => void,
): void {
  const { groups, outChannels, kernelHeight, kernelWidth } = g;
  const rows = g.inChannels / groups;
  const columns = outChannels / groups;
  for (let tap = 0; tap < kernelHeight * kernelWidth; tap++)
    for (let row = 0; row < rows; row++)
      for (let group = 0; group < groups; group++) {
        const inFilter = (tap * rows + row) * outChannels + group * columns;
        const mergedRow = (tap * count + (group % count)) * rows + row;
        visit(inFilter, mergedRow * outChannels + group * columns, columns);
      }
}

/** Returns the filter [kh, kw, count * c / groups, o] of merged groups. */
export function mergeFilter<Filter extends Float32Array | Int8Array>(
  g: Geometry,
  count: number,
  filter: Filter,
): Filter {
  if (count === 1) return filter;
  const merged = new (filter.constructor as new (length: number) => Filter)(filter.length * count);
  eachStretch(g, count, (from, to, length) => merged.set(filter.subarray(from, from + length), to));
  return merged;
}

/** Copies the filter's values out of a merged filter, such as a gradient. */
export function splitFilter(g: Geometry, count: number, merged: Float32Array, filter: Float32Array): void {
  eachStretch(g, count, (to, from, length) => filter.set(merged.subarray(from, from + length), to));
}
