import * as tf from '@tensorflow/tfjs-core';

export interface GroupNormalization {
  /** [c] */
  readonly weight: tf.Tensor1D;
  /** [c] */
  readonly bias: tf.Tensor1D;
  readonly groups: number;
  readonly eps: number;
}

/**
 * Normalises x [n, ..., c] by the mean and (biased) variance of each image's groups of c / groups channels, then scales and
 * shifts by channel: y = weight (x - mean) / sqrt(variance + eps) + bias.
 *
 * One gradient for the whole. With m(·) the mean over a group, z the normalised values and g = weight dy:
 * dx = (g - m(g) - z m(g z)) / sqrt(variance + eps).
 */
export function groupNormalize(x: tf.Tensor, { weight, bias, groups, eps }: GroupNormalization): tf.Tensor {
  const [n, channels] = [x.shape[0]!, weight.size];
  const pixels = x.size / (n * channels);
  const flat = (t: tf.Tensor): tf.Tensor3D => tf.reshape(t, [n, pixels, channels]);

  /** Sums over the pixels: a product with ones is much faster than a reduction over outer axes in wasm. */
  const pixelSum = (t: tf.Tensor3D): tf.Tensor3D => tf.matMul(tf.fill<tf.Rank.R3>([n, 1, pixels], 1), t);

  /** Means over a group, at each of its channels: [n, pixels, c] -> [n, 1, c]. */
  const groupMean = (t: tf.Tensor3D): tf.Tensor3D => {
    const sums = tf.sum(tf.reshape(pixelSum(t), [n, groups, channels / groups]), 2, true);
    const means = tf.div(sums, (pixels * channels) / groups);
    return tf.reshape(tf.tile(means, [1, 1, channels / groups]), [n, 1, channels]);
  };

  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [input, gamma, beta, save] = args as [tf.Tensor, tf.Tensor1D, tf.Tensor1D, tf.GradSaveFunc];
    const rows = flat(input);
    const centred = tf.sub<tf.Tensor3D>(rows, groupMean(rows));
    const inverseStd = tf.rsqrt(tf.add(groupMean(tf.square(centred)), eps));
    const normal = tf.mul(centred, inverseStd);
    save([normal, gamma, inverseStd]);
    return {
      value: tf.reshape(tf.add(tf.mul(normal, gamma), beta), x.shape),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [normal, gamma, inverseStd] = saved as [tf.Tensor3D, tf.Tensor1D, tf.Tensor3D];
        const dRows = flat(dy);
        const channelSum = (t: tf.Tensor3D) => tf.reshape(tf.sum(pixelSum(t), 0), [channels]);
        const g = tf.mul<tf.Tensor3D>(dRows, gamma);
        const projected = tf.add(groupMean(g), tf.mul(normal, groupMean(tf.mul(g, normal))));
        const dx = tf.mul(tf.sub(g, projected), inverseStd);
        return [tf.reshape(dx, x.shape), channelSum(tf.mul(dRows, normal)), channelSum(dRows)];
      },
    };
  });
  return tf.tidy(() => op(x, weight, bias));
}
