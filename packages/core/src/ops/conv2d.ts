import * as tf from '@tensorflow/tfjs-core';
import { constant } from '../backend/index.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';

export interface Conv2dOptions {
  /** Pixels between neighbouring windows: rows, columns. */
  readonly stride: readonly [number, number];
  /** Zeros before and after: rows, columns. */
  readonly padding: readonly [number, number];
  /** Pixels between neighbouring taps of the filter: rows, columns. Default: [1, 1]. */
  readonly dilation?: readonly [number, number];
  /** Number of groups that the channels are split into, each with its own filters; 1 is the ordinary convolution. */
  readonly groups: number;
}

/**
 * Cross-correlation of x [n, h, w, c] with filter [kh, kw, c / groups, o], plus a bias [o]: [n, h', w', o], where
 * h' = floor((h + 2 padding - dilation (kh - 1) - 1) / stride) + 1. Differentiable by all three. For use inside a tidy.
 */
export function conv2d(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor1D | undefined,
  { stride, padding, dilation = [1, 1], groups }: Conv2dOptions,
): tf.Tensor4D {
  const [rows, columns] = padding;
  if (hasKernel('CnnzooConv2D')) {
    const pads = [
      [rows, rows],
      [columns, columns],
    ] as const;
    return convolve({ x, filter, ...(bias && { bias }) }, { stride, padding: pads, dilation, groups });
  }
  const y = unbiased(x, dilate(filter, dilation), stride as [number, number], [rows, columns], groups);
  return bias ? tf.add(y, bias) : y;
}

type Pads = [[number, number], [number, number], [number, number], [number, number]];

export const padsOf = (rows: number, columns: number): Pads => [
  [0, 0],
  [rows, rows],
  [columns, columns],
  [0, 0],
];

/** Returns the input and padding of a tfjs convolution. */
export function padFor(x: tf.Tensor4D, rows: number, columns: number): { input: tf.Tensor4D; pad: 'valid' | Pads } {
  if (rows === 0 && columns === 0) return { input: x, pad: 'valid' };
  const pad = padsOf(rows, columns);
  // tfjs-node runs a convolution with explicit padding, but throws in the filter's gradient: there a layer pads first.
  return tf.getBackend() === 'tensorflow' ? { input: tf.pad(x, pad), pad: 'valid' } : { input: x, pad };
}

const convolve = differentiable('CnnzooConv2D', { inputs: ['x', 'filter'] }, (dy, [x, filter], attributes) => ({
  x: () => runKernel('CnnzooConv2DBackpropInput', { dy, filter }, { ...attributes, inputShape: x.shape }),
  filter: () => runKernel('CnnzooConv2DBackpropFilter', { x, dy }, { ...attributes, filterShape: filter.shape }),
  bias: () => tf.sum(dy, [0, 1, 2]),
}));

/**
 * Puts zeros between the taps of a filter [kh, kw, c, o]: [(kh - 1) rows + 1, (kw - 1) columns + 1, c, o]. tfjs has no
 * gradient of a dilated convolution, and no dilation beside a stride (docs/decisions/0023-kernel-contract.md).
 */
export function dilate(filter: tf.Tensor4D, [rows, columns]: readonly [number, number]): tf.Tensor4D {
  if (rows === 1 && columns === 1) return filter;
  const [kh, kw, c, o] = filter.shape;
  const zerosAfter = (axis: 1 | 2, zeros: number) =>
    [0, 1, 2, 3].map((each): [number, number] => [0, each === axis ? zeros : 0]);
  const tall = tf.pad(tf.reshape(filter, [kh, 1, kw, c * o]), zerosAfter(1, rows - 1));
  const wide = tf.pad(tf.reshape(tall, [kh * rows, kw, 1, c * o]), zerosAfter(2, columns - 1));
  const spread = tf.reshape(wide, [kh * rows, kw * columns, c, o]) as tf.Tensor4D;
  return tf.slice(spread, [0, 0, 0, 0], [(kh - 1) * rows + 1, (kw - 1) * columns + 1, c, o]);
}

function unbiased(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  strides: [number, number],
  [rows, columns]: [number, number],
  groups: number,
): tf.Tensor4D {
  const { input, pad } = padFor(x, rows, columns);
  return groups === 1 ? tf.conv2d(input, filter, strides, pad) : grouped(input, filter, strides, pad, groups);
}

/**
 * Channels that one convolution of a bundle sees: tfjs has no grouped convolution, and one for each of 32 groups of 4
 * channels takes four times as long as one for each 8 of them (docs/decisions/0008-grouped-convolution.md).
 */
const BUNDLE = 32;

/** Joins neighbouring groups to one filter, which is zero between them: [kh, kw, size c, o], `size` groups a bundle. */
export function bundle(filter: tf.Tensor4D, groups: number): { bundled: tf.Tensor4D; bundles: number } {
  const [kh, kw, channels, filters] = filter.shape;
  // The plain loops of the cpu backend would multiply by each of those zeros.
  const most = tf.getBackend() === 'cpu' ? 1 : Math.max(1, Math.floor(BUNDLE / channels));
  const size = Array.from({ length: most }, (_, i) => most - i).find((n) => groups % n === 0)!;
  const bundles = groups / size;
  if (size === 1) return { bundled: filter, bundles };
  const blocks = tf.mul(
    tf.reshape(filter, [kh * kw, 1, channels, bundles, size, filters / groups]),
    constant(`identity ${size}`, [1, size, 1, 1, size, 1], () =>
      Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
    ),
  );
  return { bundled: tf.reshape(blocks, [kh, kw, size * channels, filters]) as tf.Tensor4D, bundles };
}

function grouped(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  strides: [number, number],
  pads: 'valid' | Pads,
  groups: number,
): tf.Tensor4D {
  const { bundled, bundles } = bundle(filter, groups);
  // tfjs' split into one part has no gradient.
  if (bundles === 1) return tf.conv2d(x, bundled, strides, pads);
  const parts = tf.split<tf.Tensor4D>(bundled, bundles, 3);
  return tf.concat(
    tf.split<tf.Tensor4D>(x, bundles, 3).map((part, i) => tf.conv2d(part, parts[i]!, strides, pads)),
    3,
  );
}
