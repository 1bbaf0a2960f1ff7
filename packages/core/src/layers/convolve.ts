import * as tf from '@tensorflow/tfjs-core';
import { conv2dKernel, hasKernel } from './kernel-ops.js';

export interface Geometry {
  readonly stride: readonly [number, number];
  /** Zeros before and after: rows, columns. */
  readonly padding: readonly [number, number];
  /** Channels are split into so many groups, each with its own kernels; 1 is the ordinary convolution. */
  readonly groups: number;
}

/** Cross-correlation of x [n, h, w, c] with w [kh, kw, c / groups, filters], zero-padded by `padding`, plus a bias [filters]. */
export function convolve(
  x: tf.Tensor4D,
  w: tf.Tensor4D,
  bias: tf.Tensor1D | undefined,
  { stride, padding: [rows, columns], groups }: Geometry,
): tf.Tensor4D {
  if (hasKernel('CnnzooConv2D')) {
    const padding = [
      [rows, rows],
      [columns, columns],
    ] as const;
    return conv2dKernel(x, w, bias, { stride, padding, dilation: [1, 1], groups });
  }
  const y = unbiased(x, w, stride as [number, number], [rows, columns], groups);
  return bias ? tf.add(y, bias) : y;
}

function unbiased(
  x: tf.Tensor4D,
  w: tf.Tensor4D,
  strides: [number, number],
  [rows, columns]: [number, number],
  groups: number,
): tf.Tensor4D {
  const one = (input: tf.Tensor4D, kernel: tf.Tensor4D, pads: 'valid' | Pads): tf.Tensor4D =>
    groups === 1 ? tf.conv2d(input, kernel, strides, pads) : grouped(input, kernel, strides, pads, groups);
  if (rows === 0 && columns === 0) return one(x, w, 'valid');
  const pads: Pads = [
    [0, 0],
    [rows, rows],
    [columns, columns],
    [0, 0],
  ];
  // tfjs-node runs a convolution with explicit padding, but throws in the filter's gradient: there a layer pads first.
  if (tf.getBackend() === 'tensorflow') return one(tf.pad(x, pads), w, 'valid');
  return one(x, w, pads);
}

type Pads = [[number, number], [number, number], [number, number], [number, number]];

/**
 * So many channels one convolution of a bundle sees: tfjs has no grouped convolution, and one for each of 32 groups of 4
 * channels takes four times as long as one for each 8 of them (docs/decisions/0008-grouped-convolution.md).
 */
const BUNDLE = 32;

/** Neighbouring groups run as one convolution, whose kernel is zero between them. */
function grouped(
  x: tf.Tensor4D,
  w: tf.Tensor4D,
  strides: [number, number],
  pads: 'valid' | Pads,
  groups: number,
): tf.Tensor4D {
  const [kh, kw, channels, filters] = w.shape;
  // The plain loops of the cpu backend would multiply by each of those zeros.
  const most = tf.getBackend() === 'cpu' ? 1 : Math.max(1, Math.floor(BUNDLE / channels));
  const size = Array.from({ length: most }, (_, i) => most - i).find((n) => groups % n === 0)!;
  const bundles = groups / size;
  const blocks = tf.mul(
    tf.reshape(w, [kh * kw, 1, channels, bundles, size, filters / groups]),
    tf.reshape(tf.eye(size), [1, size, 1, 1, size, 1]),
  );
  const kernel = tf.reshape(blocks, [kh, kw, size * channels, filters]) as tf.Tensor4D;
  // tfjs' split into one part has no gradient.
  if (bundles === 1) return tf.conv2d(x, kernel, strides, pads);
  const kernels = tf.split<tf.Tensor4D>(kernel, bundles, 3);
  return tf.concat(
    tf.split<tf.Tensor4D>(x, bundles, 3).map((part, i) => tf.conv2d(part, kernels[i]!, strides, pads)),
    3,
  );
}
