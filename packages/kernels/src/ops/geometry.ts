import type { Pointer } from '../engine/index.js';

/**
 * Shapes and windows of a convolution or a pooling over maps [images, inHeight, inWidth, inChannels]. The filter of a
 * convolution is [kernelHeight, kernelWidth, inChannels / groups, outChannels]. A pooling has no filter, no dilation
 * and as many groups as channels.
 */
export interface Geometry {
  readonly images: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  /**
   * Pixels of padding before the first row and column. The padding after the last one follows from the output's size.
   */
  readonly top: number;
  readonly left: number;
  readonly groups: number;
}

/** Shape of a map [images, height, width, channels] in memory. */
export interface MapShape {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Map in memory: its first pixel, and the distances in floats between its images, rows and pixels. */
export interface MapView {
  readonly pointer: Pointer;
  readonly image: number;
  readonly row: number;
  readonly pixel: number;
}

export interface Padding {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export const PANEL = 16;

export const panelsOf = (columns: number): number => Math.ceil(columns / PANEL);

export const inputShape = (g: Geometry): MapShape => ({
  images: g.images,
  height: g.inHeight,
  width: g.inWidth,
  channels: g.inChannels,
});

export const outputShape = (g: Geometry): MapShape => ({
  images: g.images,
  height: g.outHeight,
  width: g.outWidth,
  channels: g.outChannels,
});

/** Views a map whose values follow each other without gaps. */
export const denseView = (pointer: Pointer, { height, width, channels }: MapShape): MapView => ({
  pointer,
  image: height * width * channels,
  row: width * channels,
  pixel: channels,
});

export const floatsOf = ({ images, height, width, channels }: MapShape): number => images * height * width * channels;

/**
 * Returns the padding up to whole tiles of side x side outputs, for a convolution of stride 1.
 */
export function tilePadding(g: Geometry, side: number): Padding {
  const after = (size: number, kernel: number, out: number, before: number): number =>
    Math.max(0, side * Math.ceil(out / side) + kernel - 1 - size - before);
  return {
    top: g.top,
    bottom: after(g.inHeight, g.kernelHeight, g.outHeight, g.top),
    left: g.left,
    right: after(g.inWidth, g.kernelWidth, g.outWidth, g.left),
  };
}

/** Returns the padding that the windows read; padding beyond the last window is left out. */
export const inputPadding = (g: Geometry): Padding => ({
  top: g.top,
  bottom: Math.max(
    0,
    (g.outHeight - 1) * g.strideHeight + (g.kernelHeight - 1) * g.dilationHeight + 1 - g.inHeight - g.top,
  ),
  left: g.left,
  right: Math.max(0, (g.outWidth - 1) * g.strideWidth + (g.kernelWidth - 1) * g.dilationWidth + 1 - g.inWidth - g.left),
});
