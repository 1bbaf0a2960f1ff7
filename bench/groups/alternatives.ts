import * as tf from '@tensorflow/tfjs-core';

/** Grouped 3x3 convolution of x [n, h, w, c] with w [3, 3, c / groups, filters], padded by 1. */
export type Grouped = (x: tf.Tensor4D, w: tf.Tensor4D, groups: number, stride: number) => tf.Tensor4D;

type Pads = [[number, number], [number, number], [number, number], [number, number]];
const PADS: Pads = [
  [0, 0],
  [1, 1],
  [1, 1],
  [0, 0],
];

/** Runs one convolution for each group. */
export const split: Grouped = (x, w, groups, stride) => {
  const kernels = tf.split<tf.Tensor4D>(w, groups, 3);
  return tf.concat(
    tf.split<tf.Tensor4D>(x, groups, 3).map((part, i) => tf.conv2d(part, kernels[i]!, stride, PADS)),
    3,
  );
};

/** Runs all groups as one convolution, whose kernel is zero between groups. */
export const dense: Grouped = (x, w, groups, stride) => {
  const [, , channels, filters] = w.shape;
  const blocks = tf.mul(
    tf.reshape(w, [9, 1, channels, groups, filters / groups]),
    tf.reshape(tf.eye(groups), [1, groups, 1, groups, 1]),
  );
  return tf.conv2d(x, tf.reshape(blocks, [3, 3, channels * groups, filters]) as tf.Tensor4D, stride, PADS);
};

/** Multiplies the patches of each group by its kernels, in one batched product. */
export const patches: Grouped = (x, w, groups, stride) => {
  const [n, h, width, c] = x.shape;
  const [, , channels, filters] = w.shape;
  const [oh, ow] = [Math.ceil(h / stride), Math.ceil(width / stride)];
  const padded = tf.pad(x, PADS);
  const shifted = Array.from({ length: 9 }, (_, tap) => {
    const [i, j] = [Math.floor(tap / 3), tap % 3];
    const end = [n, i + (oh - 1) * stride + 1, j + (ow - 1) * stride + 1, c];
    const part = tf.stridedSlice(padded, [0, i, j, 0], end, [1, stride, stride, 1]);
    return tf.reshape(part, [n * oh * ow, groups, channels]);
  });
  const rows = tf.transpose(tf.concat(shifted, 2), [1, 0, 2]);
  const kernels = tf.transpose(tf.reshape(w, [9 * channels, groups, filters / groups]), [1, 0, 2]);
  return tf.reshape(tf.transpose(tf.matMul(rows, kernels), [1, 0, 2]), [n, oh, ow, filters]) as tf.Tensor4D;
};
