import type { BatchNormAttributes } from '@cnnzoo/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable, hasKernel, runKernel } from './kernel.js';
import { relu } from './relu.js';

/** y = (x - mean) / sqrt(variance + eps) weight + bias, per channel. */
export interface Normalization {
  /** [c] */
  readonly weight: tf.Tensor1D;
  /** [c] */
  readonly bias: tf.Tensor1D;
  readonly eps: number;
}

export interface Statistics {
  /** [c] */
  readonly mean: tf.Tensor1D;
  /** [c]; of a batch, biased: the mean of the squared deviations. */
  readonly variance: tf.Tensor1D;
}

/** Operations on the normalized map that a kernel computes in the same pass: first the sum, then the ReLU. */
export interface Fused {
  /** Added, of x's shape. Default: nothing. */
  readonly residual?: tf.Tensor;
  /** Default: false. */
  readonly relu?: boolean;
}

/** Returns true if the backend computes a BatchNorm and what is fused with it in one pass. */
export const canFuse = (): boolean => hasKernel('CnnzooBatchNorm') && hasKernel('CnnzooBatchNormInference');

const attributesOf = (eps: number, { relu = false }: Fused): BatchNormAttributes => ({
  eps,
  activation: relu ? 'relu' : 'linear',
});

/** Computes the fused operations one by one. */
function apart(y: tf.Tensor, fused: Fused): tf.Tensor {
  const sum = fused.residual ? tf.add(y, fused.residual) : y;
  return fused.relu ? relu(sum) : sum;
}

/**
 * Normalizes x [..., c] by the statistics of the batch. One gradient for the whole, as derived in Ioffe and Szegedy
 * (https://arxiv.org/abs/1502.03167, section 3), where the chain of small operations would keep and cross the whole map
 * several times. For use inside a tidy.
 *
 * @param onStatistics receives the statistics of the batch; they live until it returns.
 */
export function batchNormTrain(
  x: tf.Tensor,
  normalization: Normalization,
  fused: Fused,
  onStatistics: (statistics: Statistics) => void,
): tf.Tensor {
  if (hasKernel('CnnzooBatchNorm')) return trainOnKernel(x, normalization, fused, onStatistics);
  return apart(trainOnTfjs(x, normalization, onStatistics), fused);
}

function trainOnKernel(
  x: tf.Tensor,
  { weight, bias, eps }: Normalization,
  fused: Fused,
  onStatistics: (statistics: Statistics) => void,
): tf.Tensor {
  const { residual, relu } = fused;
  const attributes = attributesOf(eps, fused);
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const save = args.pop() as tf.GradSaveFunc;
    const [x, weight, bias, residual] = args as [tf.Tensor, tf.Tensor1D, tf.Tensor1D, tf.Tensor | undefined];
    const inputs = { x, weight, bias, ...(residual && { residual }) };
    const [value, mean, variance] = runKernel('CnnzooBatchNorm', inputs, attributes);
    onStatistics({ mean, variance });
    // Without a ReLU, the gradient does not look at y.
    save([x, weight, mean, variance, ...(relu ? [value] : [])]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, weight, mean, variance, y = x] = saved as [
          tf.Tensor,
          tf.Tensor1D,
          tf.Tensor1D,
          tf.Tensor1D,
          tf.Tensor,
        ];
        const inputs = { dy, x, y, weight, mean, variance };
        return runKernel('CnnzooBatchNormGrad', inputs, { ...attributes, residual: residual !== undefined });
      },
    };
  });
  return op(x, weight, bias, ...(residual ? [residual] : []));
}

/** Sums over all but the last axis: a product with ones is much faster than a reduction over outer axes in wasm. */
const channelSum = (ones: tf.Tensor2D, rows: tf.Tensor2D): tf.Tensor1D =>
  tf.reshape(tf.matMul(ones, rows), [rows.shape[1]]);

function trainOnTfjs(
  x: tf.Tensor,
  { weight, bias, eps }: Normalization,
  onStatistics: (statistics: Statistics) => void,
): tf.Tensor {
  const channels = weight.shape[0];
  const n = x.size / channels;
  const flat = (t: tf.Tensor): tf.Tensor2D => tf.reshape(t, [n, channels]);
  // Filled by the backend: tf.ones would upload as many values as a channel has.
  const onesOf = (): tf.Tensor2D => tf.fill([1, n], 1);

  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [input, gamma, beta, save] = args as [tf.Tensor, tf.Tensor1D, tf.Tensor1D, tf.GradSaveFunc];
    const rows = flat(input);
    const ones = onesOf();
    const mean = tf.div(channelSum(ones, rows), n) as tf.Tensor1D;
    const centred = tf.sub(rows, mean);
    const variance = tf.div(channelSum(ones, tf.square(centred) as tf.Tensor2D), n) as tf.Tensor1D;
    const inverseStd = tf.rsqrt(tf.add(variance, eps));
    const normal = tf.mul(centred, inverseStd);
    onStatistics({ mean, variance });
    save([normal, gamma, inverseStd]);
    return {
      value: tf.reshape(tf.add(tf.mul(normal, gamma), beta), x.shape),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [normal, gamma, inverseStd] = saved as [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D];
        const dRows = flat(dy);
        const ones = onesOf();
        const dBeta = channelSum(ones, dRows);
        const dGamma = channelSum(ones, tf.mul(dRows, normal));
        const projected = tf.add(tf.div(dBeta, n), tf.mul(normal, tf.div(dGamma, n)));
        const dx = tf.mul(tf.sub(dRows, projected), tf.mul(gamma, inverseStd));
        return [tf.reshape(dx, x.shape), dGamma, dBeta];
      },
    };
  });
  return op(x, weight, bias);
}

/** Normalizes x [..., c] by given statistics. On a kernel, mean and variance have no gradient. */
export function batchNormInference(
  x: tf.Tensor,
  { weight, bias, eps }: Normalization,
  { mean, variance }: Statistics,
  fused: Fused,
): tf.Tensor {
  if (!hasKernel('CnnzooBatchNormInference'))
    return apart(tf.batchNorm(x as tf.Tensor4D, mean, variance, bias, weight, eps), fused);
  const { residual } = fused;
  return inference({ x, mean, variance, weight, bias, ...(residual && { residual }) }, attributesOf(eps, fused));
}

const inference = differentiable(
  'CnnzooBatchNormInference',
  { inputs: ['x', 'mean', 'variance', 'weight'], output: true },
  (dy, [x, mean, variance, weight, y], { activation, eps }) => {
    // Each gradient computes its own intermediates: tfjs disposes of tensors between them.
    const g = () => (activation === 'relu' ? runKernel('CnnzooReluGrad', { dy, y }, {}) : dy);
    const inverseStd = () => tf.rsqrt(tf.add(variance, eps));
    const axes = dy.shape.slice(0, -1).map((_, axis) => axis);
    return {
      x: () => tf.mul(g(), tf.mul(weight, inverseStd())),
      weight: () => tf.mul(tf.sum(tf.mul(g(), tf.sub(x, mean)), axes), inverseStd()),
      bias: () => tf.sum(g(), axes),
      residual: () => g(),
    };
  },
);
