import type { Extent, GraphValue } from './graph.js';

/** Returns the shape of an input or output in an export: rows and columns of maps are open if the net takes any. */
export const openShape = ({ shape }: GraphValue, anySize: boolean): Extent[] =>
  shape.map((extent, axis) => (anySize && shape.length === 4 && (axis === 1 || axis === 2) ? null : extent));
