import * as tf from '@tensorflow/tfjs-core';
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

/** Function of a layer's result that a kernel applies in the same pass. */
export type FusedActivation = 'linear' | 'relu';

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

/** Filters of a convolution as the current backend computes it fastest. */
export interface PackedFilter {
  /** One of all groups, or one for each bundle of groups, whose block-diagonal form it is. */
  readonly filters: readonly tf.Tensor4D[];
  /** One of all filters, or the part for each bundle. */
  readonly biases: readonly (tf.Tensor1D | undefined)[];
  /** True if each filter sees one channel: tfjs' depthwise convolution, with filter [kh, kw, c, o / c]. */
  readonly depthwise: boolean;
}

/** Returns true if `packFilter` returns tensors other than its arguments. */
export const needsPacking = ({ groups, dilation = [1, 1] }: Conv2dOptions): boolean =>
  !hasKernel('CnnzooConv2D') && (groups > 1 || dilation.some((pixels) => pixels > 1));

/**
 * Prepares a filter [kh, kw, c / groups, o] for many calls of `fusedConv2d`, so that none of them has to spread a dilated
 * filter or to build the block-diagonal filters of groups. For use inside a tidy.
 */
export function packFilter(
  filter: tf.Tensor4D,
  bias: tf.Tensor1D | undefined,
  { dilation = [1, 1], groups }: Conv2dOptions,
): PackedFilter {
  if (hasKernel('CnnzooConv2D')) return { filters: [filter], biases: [bias], depthwise: false };
  const spread = dilate(filter, dilation);
  const [kh, kw, perGroup, filters] = spread.shape;
  if (groups === 1) return { filters: [spread], biases: [bias], depthwise: false };
  if (perGroup === 1)
    return { filters: [tf.reshape(spread, [kh, kw, groups, filters / groups])], biases: [bias], depthwise: true };
  const { bundled, bundles } = bundle(spread, groups);
  return {
    filters: bundles === 1 ? [bundled] : tf.split<tf.Tensor4D>(bundled, bundles, 3),
    biases: bundles === 1 || !bias ? new Array(bundles).fill(bias) : tf.split<tf.Tensor1D>(bias, bundles),
    depthwise: false,
  };
}

/**
 * `conv2d` and an activation in one pass, by filters that `packFilter` has prepared on this backend. It has no gradient. For
 * use inside a tidy.
 */
export function fusedConv2d(
  x: tf.Tensor4D,
  { filters, biases, depthwise }: PackedFilter,
  { stride, padding: [rows, columns], dilation = [1, 1], groups }: Conv2dOptions,
  activation: FusedActivation,
): tf.Tensor4D {
  if (hasKernel('CnnzooConv2D')) {
    const padding = [
      [rows, rows],
      [columns, columns],
    ] as const;
    const inputs = { x, filter: filters[0]!, ...(biases[0] && { bias: biases[0] }) };
    return runKernel('CnnzooConv2D', inputs, { stride, padding, dilation, groups, activation });
  }
  const strides = [...stride] as [number, number];
  if (depthwise) {
    // tfjs' depthwise convolution takes the same padding on all sides alone.
    const input = rows === columns ? x : tf.pad(x, padsOf(rows, columns));
    const [filter, bias] = [filters[0]!, biases[0]];
    const pad = rows === columns ? rows : 0;
    return tf.fused.depthwiseConv2d({ x: input, filter, strides, pad, activation, ...(bias && { bias }) });
  }
  const { input, pad } = padFor(x, rows, columns);
  const one = (part: tf.Tensor4D, i: number): tf.Tensor4D =>
    tf.fused.conv2d({ x: part, filter: filters[i]!, strides, pad, activation, ...(biases[i] && { bias: biases[i] }) });
  if (filters.length === 1) return one(input, 0);
  return tf.concat(tf.split<tf.Tensor4D>(input, filters.length, 3).map(one), 3);
}

type Pads = [[number, number], [number, number], [number, number], [number, number]];

const padsOf = (rows: number, columns: number): Pads => [
  [0, 0],
  [rows, rows],
  [columns, columns],
  [0, 0],
];

/** Returns the input and padding of a tfjs convolution. */
function padFor(x: tf.Tensor4D, rows: number, columns: number): { input: tf.Tensor4D; pad: 'valid' | Pads } {
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
function dilate(filter: tf.Tensor4D, [rows, columns]: readonly [number, number]): tf.Tensor4D {
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
function bundle(filter: tf.Tensor4D, groups: number): { bundled: tf.Tensor4D; bundles: number } {
  const [kh, kw, channels, filters] = filter.shape;
  // The plain loops of the cpu backend would multiply by each of those zeros.
  const most = tf.getBackend() === 'cpu' ? 1 : Math.max(1, Math.floor(BUNDLE / channels));
  const size = Array.from({ length: most }, (_, i) => most - i).find((n) => groups % n === 0)!;
  const bundles = groups / size;
  const blocks = tf.mul(
    tf.reshape(filter, [kh * kw, 1, channels, bundles, size, filters / groups]),
    tf.reshape(tf.eye(size), [1, size, 1, 1, size, 1]),
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
