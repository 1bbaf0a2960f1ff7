import type { Geometry } from '@cnnzoo/kernels/internal/engine';
import type { AdaptivePoolNode, ConvNode, LinearNode, PoolNode } from '../graph/index.js';
import type { MapExtents } from './shapes.js';

const sizes = (
  [images, inHeight, inWidth, inChannels]: MapExtents,
  [, outHeight, outWidth, outChannels]: MapExtents,
) => ({
  images,
  inHeight,
  inWidth,
  inChannels,
  outHeight,
  outWidth,
  outChannels,
});

/** A window over the whole, without padding. */
const WHOLE = {
  strideHeight: 1,
  strideWidth: 1,
  dilationHeight: 1,
  dilationWidth: 1,
  top: 0,
  left: 0,
} as const;

const windowOf = ({ stride, padding }: ConvNode | PoolNode) => ({
  strideHeight: stride[0],
  strideWidth: stride[1],
  top: padding[0][0],
  left: padding[1][0],
});

export const convGeometry = (node: ConvNode, from: MapExtents, to: MapExtents): Geometry => ({
  ...sizes(from, to),
  ...windowOf(node),
  kernelHeight: node.weight.shape[0]!,
  kernelWidth: node.weight.shape[1]!,
  dilationHeight: node.dilation[0],
  dilationWidth: node.dilation[1],
  groups: node.groups,
});

/** A linear layer is a convolution of a map of one pixel. */
export const linearGeometry = (node: LinearNode, images: number): Geometry => {
  const [features, units] = node.weight.shape as [number, number];
  return {
    ...sizes([images, 1, 1, features], [images, 1, 1, units]),
    ...WHOLE,
    kernelHeight: 1,
    kernelWidth: 1,
    groups: 1,
  };
};

export const poolGeometry = (node: PoolNode, from: MapExtents, to: MapExtents): Geometry => ({
  ...sizes(from, to),
  ...WHOLE,
  ...windowOf(node),
  kernelHeight: node.size[0],
  kernelWidth: node.size[1],
  groups: from[3],
});

/** Equal windows that cover a map; undefined if the map can't be divided so. */
export function coveringGeometry(
  size: AdaptivePoolNode['size'],
  from: MapExtents,
  to: MapExtents,
): Geometry | undefined {
  const [height, width] = [from[1] / size[0], from[2] / size[1]];
  if (!Number.isInteger(height) || !Number.isInteger(width)) return undefined;
  return {
    ...sizes(from, to),
    ...WHOLE,
    outHeight: size[0],
    outWidth: size[1],
    kernelHeight: height,
    kernelWidth: width,
    strideHeight: height,
    strideWidth: width,
    groups: from[3],
  };
}
