import * as tf from '@tensorflow/tfjs-core';
import { batchNormGradKernel, batchNormKernel, hasKernel } from './kernel-ops.js';

export interface BatchStatistics {
  /** [c] */
  readonly mean: tf.Tensor1D;
  /** [c], biased: the mean of squared deviations. */
  readonly variance: tf.Tensor1D;
}

/** Sums over all but the last axis: a product with ones is much faster than a reduction over outer axes in wasm. */
const channelSum = (rows: tf.Tensor2D): tf.Tensor1D =>
  tf.reshape(tf.matMul(tf.ones([1, rows.shape[0]]), rows), [rows.shape[1]]);

/**
 * Normalises x [n, h, w, c] (or [n, c]) by the statistics of the batch, then scales and shifts. One gradient for the
 * whole, as derived in Ioffe and Szegedy (https://arxiv.org/abs/1502.03167, section 3), where the chain of small
 * operations would keep and cross the whole map several times.
 * `onStatistics` receives the statistics; they live until it returns.
 */
export function batchNormTrain(
  x: tf.Tensor,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  eps: number,
  onStatistics: (statistics: BatchStatistics) => void,
): tf.Tensor {
  const channels = weight.shape[0];
  const n = x.size / channels;
  const flat = (t: tf.Tensor): tf.Tensor2D => tf.reshape(t, [n, channels]);

  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [input, gamma, beta, save] = args as [tf.Tensor, tf.Tensor1D, tf.Tensor1D, tf.GradSaveFunc];
    if (hasKernel('CnnzooBatchNorm')) {
      const { y, ...statistics } = batchNormKernel(input, gamma, beta, eps);
      onStatistics(statistics);
      save([input, gamma, statistics.mean, statistics.variance]);
      return {
        value: y,
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
          const [input, gamma, mean, variance] = saved as [tf.Tensor, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
          return batchNormGradKernel(dy, input, gamma, { mean, variance }, eps);
        },
      };
    }
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
