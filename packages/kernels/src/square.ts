import type { Geometry } from './ops/index.js';

/** Returns the geometry of a square convolution with "same" padding, for benchmarks and tests. */
export function square(
  images: number,
  size: number,
  inChannels: number,
  outChannels: number,
  kernel: number,
  stride = 1,
): Geometry {
  const padding = kernel >> 1;
  const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  return {
    images,
    inHeight: size,
    inWidth: size,
    inChannels,
    outHeight: out,
    outWidth: out,
    outChannels,
    kernelHeight: kernel,
    kernelWidth: kernel,
    strideHeight: stride,
    strideWidth: stride,
    dilationHeight: 1,
    dilationWidth: 1,
    top: padding,
    left: padding,
    groups: 1,
  };
}
