import type { Geometry } from '../src/ops/geometry.js';

/** Results of the three convolutions in float64, by the definition. */
export interface Reference {
  readonly y: Float64Array;
  readonly dx: Float64Array;
  readonly dFilter: Float64Array;
}

export function referenceConvolution(
  g: Geometry,
  x: ArrayLike<number>,
  filter: ArrayLike<number>,
  dy: ArrayLike<number>,
): Reference {
  const [c, o] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  const dFilter = new Float64Array(filter.length);
  for (let n = 0; n < g.images; n++)
    for (let i = 0; i < g.outHeight; i++)
      for (let j = 0; j < g.outWidth; j++)
        for (let a = 0; a < g.kernelHeight; a++)
          for (let b = 0; b < g.kernelWidth; b++) {
            const row = i * g.strideHeight + a * g.dilationHeight - g.top;
            const column = j * g.strideWidth + b * g.dilationWidth - g.left;
            if (row < 0 || row >= g.inHeight || column < 0 || column >= g.inWidth) continue;
            for (let group = 0; group < g.groups; group++) {
              const from = ((n * g.inHeight + row) * g.inWidth + column) * g.inChannels + group * c;
              const to = ((n * g.outHeight + i) * g.outWidth + j) * g.outChannels + group * o;
              for (let k = 0; k < c; k++)
                for (let m = 0; m < o; m++) {
                  const w = ((a * g.kernelWidth + b) * c + k) * g.outChannels + group * o + m;
                  y[to + m]! += x[from + k]! * filter[w]!;
                  dx[from + k]! += dy[to + m]! * filter[w]!;
                  dFilter[w]! += x[from + k]! * dy[to + m]!;
                }
            }
          }
  return { y, dx, dFilter };
}
