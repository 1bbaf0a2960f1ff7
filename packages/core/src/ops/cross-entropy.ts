import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.js';

/** Labels int32 [n] as float32 [n, classes], 1 at each label. */
export const oneHot = (labels: tf.Tensor1D, classes: number): tf.Tensor2D =>
  // Cast, since wasm's own one-hot writes integers whatever its type.
  tf.cast(tf.oneHot(labels, classes) as tf.Tensor2D, 'float32');

/** (1 - labelSmoothing) targets + labelSmoothing / classes, float32 [n, classes]. */
export function smoothTargets(targets: tf.Tensor2D, labelSmoothing: number): tf.Tensor2D {
  if (!labelSmoothing) return targets;
  return tf.add(tf.mul(targets, 1 - labelSmoothing), labelSmoothing / targets.shape[1]);
}

/**
 * Mean over the images of the softmax cross-entropy, differentiable by the logits float32 [n, classes]. For use inside a
 * tidy.
 *
 * @param targets labels, int32 [n], or soft targets, float32 [n, classes].
 * @param labelSmoothing share of each target that is spread evenly over the classes, 0 to 1.
 */
export function meanCrossEntropy(
  logits: tf.Tensor2D,
  targets: tf.Tensor1D | tf.Tensor2D,
  labelSmoothing: number,
): tf.Scalar {
  if (hasKernel('CnnzooSoftmaxCrossEntropy')) return onKernel(logits, targets, labelSmoothing);
  const [n, classes] = logits.shape;
  const soft = targets.rank === 1 ? oneHot(targets as tf.Tensor1D, classes) : (targets as tf.Tensor2D);
  return tf.div(crossEntropySum(logits, smoothTargets(soft, labelSmoothing)), tf.scalar(n));
}

/** Computes the loss and its gradient in one pass. */
function onKernel(logits: tf.Tensor2D, labels: tf.Tensor1D | tf.Tensor2D, labelSmoothing: number): tf.Scalar {
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [logits, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
    const [losses, gradient] = runKernel('CnnzooSoftmaxCrossEntropy', { logits, labels }, { labelSmoothing });
    save([gradient]);
    return {
      value: tf.mean(losses),
      gradFunc: (dy: tf.Tensor, [gradient]: tf.Tensor[]) => [tf.mul(gradient!, tf.div(dy, logits.shape[0]))],
    };
  });
  return op(logits) as tf.Scalar;
}

/**
 * -sum(coefficients log softmax(logits)), all float32 [n, classes], differentiable by the logits. Exact for logits of any
 * size, since each row is shifted by its maximum. Its gradient is softmax(logits) rowsum(coefficients) - coefficients, in
 * place of a chain through logarithm and exponential.
 */
export function crossEntropySum(logits: tf.Tensor2D, coefficients: tf.Tensor2D): tf.Scalar {
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [z, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
    const shifted = tf.sub(z, tf.max(z, 1, true));
    const logProbability = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
    save([logProbability, coefficients]);
    return {
      value: tf.neg(tf.sum(tf.mul(logProbability, coefficients))),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [logProbability, coefficients] = saved as [tf.Tensor2D, tf.Tensor2D];
        const probability = tf.mul(tf.exp(logProbability), tf.sum(coefficients, 1, true));
        return [tf.mul(tf.sub(probability, coefficients), dy)];
      },
    };
  });
  return op(logits) as tf.Scalar;
}
