import * as tf from '@tensorflow/tfjs-core';

export interface Geometry {
  readonly stride: readonly [number, number];
  /** Zeros before and after: rows, columns. */
  readonly padding: readonly [number, number];
}

/** Cross-correlation of x [n, h, w, c] with w [kh, kw, c, filters], zero-padded by `padding` on each side. */
export function convolve(x: tf.Tensor4D, w: tf.Tensor4D, { stride, padding }: Geometry): tf.Tensor4D {
  const [rows, columns] = padding;
  const strides = stride as [number, number];
  if (rows === 0 && columns === 0) return tf.conv2d(x, w, strides, 'valid');
  const pads: [[number, number], [number, number], [number, number], [number, number]] = [
    [0, 0],
    [rows, rows],
    [columns, columns],
    [0, 0],
  ];
  // tfjs-node runs a convolution with explicit padding, but throws in the filter's gradient: there a layer pads first.
  if (tf.getBackend() === 'tensorflow') return tf.conv2d(tf.pad(x, pads), w, strides, 'valid');
  return tf.conv2d(x, w, strides, pads);
}
