import type { PaddingPairs, PoolAttributes } from '@cnnzoo/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { constant } from '../backend/index.js';
import { differentiable, hasKernel, runKernel } from './kernel.js';

/** Largest value of each window: x [n, h, w, c] -> [n, h', w', c]. The padding counts as -Infinity, as in PyTorch. */
export function maxPool2d(x: tf.Tensor4D, windows: PoolAttributes): tf.Tensor4D {
  if (hasKernel('CnnzooMaxPool')) return maxPool({ x }, windows);
  const { kernelSize, stride } = windows;
  return tf.tidy(() =>
    tf.maxPool(padded(x, windows, -Infinity), [...kernelSize] as Size, [...stride] as Size, 'valid'),
  );
}

const maxPool = differentiable('CnnzooMaxPool', { inputs: ['x'] }, (dy, [x], attributes) => ({
  x: () => runKernel('CnnzooMaxPoolGrad', { dy, x }, attributes),
}));

/**
 * Mean of each window: x [n, h, w, c] -> [n, h', w', c].
 *
 * @param counted the part of the padding, next to the map, that counts in the mean as zeros. PyTorch's
 * `count_include_pad` counts what `padding` adds, but not what `ceil_mode` adds after it.
 */
export function avgPool2d(x: tf.Tensor4D, windows: PoolAttributes, counted: PaddingPairs): tf.Tensor4D {
  const { kernelSize, stride, padding } = windows;
  const none = counted.flat().every((pixels) => pixels === 0);
  // The kernel counts all of the padding or none.
  if (hasKernel('CnnzooAvgPool') && (none || counted.join() === padding.join()))
    return avgPool({ x }, { ...windows, countIncludePad: !none, inputShape: x.shape });
  return tf.tidy(() => {
    const mean = tf.avgPool(padded(x, windows, 0), [...kernelSize] as Size, [...stride] as Size, 'valid');
    const [rows, columns] = ([0, 1] as const).map((axis) =>
      counts(windows, axis, x.shape[1 + axis]!, mean.shape[1 + axis]!, counted[axis]),
    ) as [number[], number[]];
    const area = kernelSize[0] * kernelSize[1];
    const share = rows.flatMap((row) => columns.map((column) => area / (row * column)));
    if (share.every((each) => each === 1)) return mean;
    const shape = [1, rows.length, columns.length, 1] as [number, number, number, number];
    const key = `shares ${area} / ${rows} x ${columns}`;
    return tf.mul(
      mean,
      constant<tf.Tensor4D>(key, shape, () => Float32Array.from(share)),
    );
  });
}

const avgPool = differentiable('CnnzooAvgPool', { inputs: [] }, (dy, _, { inputShape, ...windows }) => ({
  x: () => runKernel('CnnzooAvgPoolGrad', { dy }, { ...windows, inputShape: inputShape! }),
}));

type Size = [number, number];

/** Pads by hand: tfjs-node takes no explicit padding. */
function padded(x: tf.Tensor4D, { padding: [rows, columns] }: PoolAttributes, value: number): tf.Tensor4D {
  if ([...rows, ...columns].every((pixels) => pixels === 0)) return x;
  return tf.pad(x, [[0, 0], [...rows], [...columns], [0, 0]], value);
}

/** Number of pixels of each window that count, along one axis of `size` pixels and `out` windows. */
function counts(
  { kernelSize, stride, padding }: PoolAttributes,
  axis: 0 | 1,
  size: number,
  out: number,
  [before, after]: readonly [number, number],
): number[] {
  return Array.from({ length: out }, (_, i) => {
    const start = i * stride[axis] - padding[axis][0];
    return Math.min(start + kernelSize[axis], size + after) - Math.max(start, -before);
  });
}
