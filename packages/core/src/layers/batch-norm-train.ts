import * as tf from '@tensorflow/tfjs-core';
import { hasKernel } from './kernel-ops.js';
import { batchNormGradKernel, batchNormKernel, type Joined, type Statistics } from './norm-kernels.js';

export interface Normalization {
  /** [c] */
  readonly weight: tf.Tensor1D;
  /** [c] */
  readonly bias: tf.Tensor1D;
  readonly eps: number;
}

/** Sums over all but the last axis: a product with ones is much faster than a reduction over outer axes in wasm. */
const channelSum = (rows: tf.Tensor2D): tf.Tensor1D =>
  tf.reshape(tf.matMul(tf.ones([1, rows.shape[0]]), rows), [rows.shape[1]]);

/**
 * Normalises x [n, h, w, c] (or [n, c]) by the statistics of the batch, then scales and shifts. One gradient for the
 * whole, as derived in Ioffe and Szegedy (https://arxiv.org/abs/1502.03167, section 3), where the chain of small
 * operations would keep and cross the whole map several times.
 * `joined` is for the kernel, where the backend has one. `onStatistics` receives the statistics; they live until it returns.
 */
export function batchNormTrain(
  x: tf.Tensor,
  { weight, bias, eps }: Normalization,
  joined: Joined,
  onStatistics: (statistics: Statistics) => void,
): tf.Tensor {
  if (hasKernel('CnnzooBatchNorm')) return onKernel(x, { weight, bias, eps }, joined, onStatistics);
  const channels = weight.shape[0];
  const n = x.size / channels;
  const flat = (t: tf.Tensor): tf.Tensor2D => tf.reshape(t, [n, channels]);

  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [input, gamma, beta, save] = args as [tf.Tensor, tf.Tensor1D, tf.Tensor1D, tf.GradSaveFunc];
    const rows = flat(input);
    const mean = tf.div(channelSum(rows), n) as tf.Tensor1D;
    const centred = tf.sub(rows, mean);
    const variance = tf.div(channelSum(tf.square(centred) as tf.Tensor2D), n) as tf.Tensor1D;
    const inverseStd = tf.rsqrt(tf.add(variance, eps));
    const normal = tf.mul(centred, inverseStd);
    onStatistics({ mean, variance });
    save([normal, gamma, inverseStd]);
    return {
      value: tf.reshape(tf.add(tf.mul(normal, gamma), beta), x.shape),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [normal, gamma, inverseStd] = saved as [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D];
        const dRows = flat(dy);
        const dBeta = channelSum(dRows);
        const dGamma = channelSum(tf.mul(dRows, normal));
        const projected = tf.add(tf.div(dBeta, n), tf.mul(normal, tf.div(dGamma, n)));
        const dx = tf.mul(tf.sub(dRows, projected), tf.mul(gamma, inverseStd));
        return [tf.reshape(dx, x.shape), dGamma, dBeta];
      },
    };
  });
  return op(x, weight, bias);
}

function onKernel(
  x: tf.Tensor,
  { weight, bias, eps }: Normalization,
  joined: Joined,
  onStatistics: (statistics: Statistics) => void,
): tf.Tensor {
  const { residual, relu } = joined;
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const save = args.pop() as tf.GradSaveFunc;
    const [x, weight, bias, residual] = args as [tf.Tensor, tf.Tensor1D, tf.Tensor1D, tf.Tensor | undefined];
    const { y, mean, variance } = batchNormKernel(x, weight, bias, eps, { ...joined, ...(residual && { residual }) });
    onStatistics({ mean, variance });
    // Where nothing is joined, the gradient does not look at y.
    save([x, weight, mean, variance, ...(relu ? [y] : [])]);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, weight, mean, variance, y = x] = saved as [
          tf.Tensor,
          tf.Tensor1D,
          tf.Tensor1D,
          tf.Tensor1D,
          tf.Tensor,
        ];
        return batchNormGradKernel(dy, { x, y }, weight, { mean, variance }, eps, joined);
      },
    };
  });
  return op(x, weight, bias, ...(residual ? [residual] : []));
}
