import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../layers/kernel-ops.js';

/** A mean over the batch, differentiable by the logits: float32 [n, classes], labels int32 [n] -> scalar. */
export type Loss = (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Scalar;

/**
 * Mean softmax cross-entropy over integer labels, 0 to classes - 1: mean(logsumexp(logits) - logits[label]). Exact for
 * logits of any size, since each row is shifted by its maximum. Its gradient is (softmax(logits) - onehot) / n.
 */
export const crossEntropy: Loss = (logits, labels) => {
  const [n, classes] = logits.shape;
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [z, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
    if (hasKernel('CnnzooSoftmaxCrossEntropy')) {
      const inputs = { logits: z, labels };
      const [losses, gradient] = runKernel<[tf.Tensor, tf.Tensor]>('CnnzooSoftmaxCrossEntropy', inputs, {
        labelSmoothing: 0,
      });
      save([gradient]);
      return {
        value: tf.mean(losses),
        gradFunc: (dy: tf.Tensor, [gradient]: tf.Tensor[]) => [tf.mul(gradient!, tf.div(dy, n))],
      };
    }
    const shifted = tf.sub(z, tf.max(z, 1, true));
    const logProbability = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
    const target = tf.cast(tf.oneHot(labels, classes), 'float32');
    save([logProbability, target]);
    return {
      value: tf.div(tf.neg(tf.sum(tf.mul(logProbability, target))), n),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [logProbability, target] = saved as [tf.Tensor2D, tf.Tensor2D];
        return [tf.mul(tf.sub(tf.exp(logProbability), target), tf.div(dy, n))];
      },
    };
  });
  return op(logits) as tf.Scalar;
};
