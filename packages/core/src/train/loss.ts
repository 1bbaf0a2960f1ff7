import * as tf from '@tensorflow/tfjs-core';
import { CnnzooError } from '../errors.js';
import { hasKernel, runKernel } from '../layers/kernel-ops.js';
import { asShares, type Targets } from './targets.js';

/** A mean over the batch, differentiable by the logits, float32 [n, classes] -> scalar. */
export type Loss = (logits: tf.Tensor2D, targets: Targets) => tf.Scalar;

export interface ClassWeights {
  /** How much each class counts, by label; 1 unless given. */
  classWeights?: readonly number[];
}

export interface CrossEntropyOptions extends ClassWeights {
  /** The share of every target that is spread evenly over all classes, 0 to 1 (https://arxiv.org/abs/1512.00567). */
  labelSmoothing?: number;
}

function checkClassWeights(weights: readonly number[] | undefined): void {
  const bad = weights?.find((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (bad !== undefined) throw new CnnzooError('INPUT', `expected classWeights of at least 0, received ${bad}.`);
}

/** The weights, [classes]; inside a tidy. */
function classWeightsTensor(weights: readonly number[], classes: number): tf.Tensor1D {
  if (weights.length === classes) return tf.tensor1d([...weights]);
  throw new CnnzooError('INPUT', `expected classWeights of the net's ${classes} classes, received ${weights.length}.`);
}

/**
 * Softmax cross-entropy, torch.nn.functional.cross_entropy's: of the targets t, smoothed to
 * (1 - labelSmoothing) t + labelSmoothing / classes, the sum of -weight t log softmax(logits) over the classes. For
 * labels, its mean over the batch weighs each image by its class' weight; for shares it is the plain mean. Exact for
 * logits of any size, since each row is shifted by its maximum.
 */
export function crossEntropy({ labelSmoothing = 0, classWeights }: CrossEntropyOptions = {}): Loss {
  checkClassWeights(classWeights);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new CnnzooError('INPUT', `crossEntropy: expected labelSmoothing from 0 to 1, received ${labelSmoothing}.`);
  return (logits, targets) => {
    const [n, classes] = logits.shape;
    if (!classWeights && hasKernel('CnnzooSoftmaxCrossEntropy')) return onKernel(logits, targets, labelSmoothing);
    return softmaxCrossEntropy(logits, () => {
      const shares = asShares(targets, classes);
      const smooth = labelSmoothing ? tf.add(tf.mul(shares, 1 - labelSmoothing), labelSmoothing / classes) : shares;
      if (!classWeights) return { coefficients: smooth as tf.Tensor2D, total: tf.scalar(n) };
      const weights = classWeightsTensor(classWeights, classes);
      return {
        coefficients: tf.mul(smooth, weights) as tf.Tensor2D,
        total: targets.rank === 1 ? (tf.sum(tf.mul(shares, weights)) as tf.Scalar) : tf.scalar(n),
      };
    });
  };
}

/** In one pass, its gradient too. */
function onKernel(logits: tf.Tensor2D, labels: Targets, labelSmoothing: number): tf.Scalar {
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [logits, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
    const inputs = { logits, labels };
    const [losses, gradient] = runKernel<[tf.Tensor, tf.Tensor]>('CnnzooSoftmaxCrossEntropy', inputs, {
      labelSmoothing,
    });
    save([gradient]);
    return {
      value: tf.mean(losses),
      gradFunc: (dy: tf.Tensor, [gradient]: tf.Tensor[]) => [tf.mul(gradient!, tf.div(dy, logits.shape[0]))],
    };
  });
  return op(logits) as tf.Scalar;
}

/** What each log-probability counts, [n, classes], and what their sum is divided by. */
interface Coefficients {
  readonly coefficients: tf.Tensor2D;
  readonly total: tf.Scalar;
}

/**
 * -sum(coefficients log softmax(logits)) / total. Its gradient by the logits is
 * (softmax(logits) rowsum(coefficients) - coefficients) / total, in place of a chain through logarithm and exponential.
 */
function softmaxCrossEntropy(logits: tf.Tensor2D, prepare: () => Coefficients): tf.Scalar {
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [z, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
    const { coefficients, total } = prepare();
    const shifted = tf.sub(z, tf.max(z, 1, true));
    const logProbability = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
    save([logProbability, coefficients, total]);
    return {
      value: tf.div(tf.neg(tf.sum(tf.mul(logProbability, coefficients))), total),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [logProbability, coefficients, total] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Scalar];
        const probability = tf.mul(tf.exp(logProbability), tf.sum(coefficients, 1, true));
        return [tf.mul(tf.sub(probability, coefficients), tf.div(dy, total))];
      },
    };
  });
  return op(logits) as tf.Scalar;
}

/**
 * For images that may have several labels: each logit by itself says, through a sigmoid, whether its class is there.
 * The mean over batch and classes of -weight (t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), as
 * torch.nn.functional.binary_cross_entropy_with_logits computes it: max(x, 0) - x t + log(1 + exp(-|x|)).
 */
export function binaryCrossEntropy({ classWeights }: ClassWeights = {}): Loss {
  checkClassWeights(classWeights);
  return (logits, targets) => {
    const classes = logits.shape[1];
    const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
      const [x, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
      const shares = asShares(targets, classes);
      const weights = classWeights ? classWeightsTensor(classWeights, classes) : tf.scalar(1);
      const linear = tf.sub(tf.relu(x), tf.mul(x, shares));
      const losses = tf.add(linear, tf.log1p(tf.exp(tf.neg(tf.abs(x)))));
      save([x, shares, weights]);
      return {
        value: tf.mean(tf.mul(losses, weights)),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
          const [x, shares, weights] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor];
          return [tf.mul(tf.mul(tf.sub(tf.sigmoid(x), shares), weights), tf.div(dy, x.size))];
        },
      };
    });
    return op(logits) as tf.Scalar;
  };
}
