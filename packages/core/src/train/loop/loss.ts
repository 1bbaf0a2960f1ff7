import * as tf from '@tensorflow/tfjs-core';
import type { Targets } from '../../data/dataset.js';
import { CnnzooError } from '../../errors.js';
import { crossEntropySum, meanCrossEntropy, smoothTargets } from '../../ops/index.js';
import { checkOptions } from '../../options.js';
import type { OutputActivation } from '../../output-activation.js';
import { withConfig } from '../optim/index.js';
import { asShares } from './targets.js';

/** The sum of a batch's losses, and the weight that a mean divides it by; both scalars. */
export interface LossSum {
  readonly sum: tf.Scalar;
  readonly weight: tf.Scalar;
}

/** A mean over the batch, differentiable by the logits, float32 [n, classes] -> scalar. */
export interface Loss {
  (logits: tf.Tensor2D, targets: Targets): tf.Scalar;
  /**
   * The mean's two parts, if it divides by other than the number of images: by them, several batches give the loss and
   * the gradient of one.
   */
  readonly sum?: (logits: tf.Tensor2D, targets: Targets) => LossSum;
  /** The function from logits to scores that a net trained with it has. Default: what the net had. */
  readonly activation?: OutputActivation;
}

export interface ClassWeights {
  /** The weight of each class, by label. Default: 1. */
  classWeights?: readonly number[];
}

export interface CrossEntropyOptions extends ClassWeights {
  /** The share of every target that is spread evenly over all classes, 0 to 1 (https://arxiv.org/abs/1512.00567). */
  labelSmoothing?: number;
}

function checkClassWeights(weights: readonly number[] | undefined): void {
  if (weights === undefined) return;
  if (!Array.isArray(weights))
    throw new CnnzooError('INPUT', 'expected classWeights as a list of numbers, one for each class, by label.');
  const bad = weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (bad >= 0) throw new CnnzooError('INPUT', `expected classWeights of at least 0, received ${weights[bad]}.`);
}

/** The weights, [classes]; inside a tidy. */
function classWeightsTensor(weights: readonly number[], classes: number): tf.Tensor1D {
  if (weights.length === classes) return tf.tensor1d([...weights]);
  throw new CnnzooError('INPUT', `expected classWeights of the net's ${classes} classes, received ${weights.length}.`);
}

/** The loss that trains a net as its activation says. */
export const defaultLoss = (activation: OutputActivation): Loss =>
  activation === 'sigmoid' ? binaryCrossEntropy() : crossEntropy();

/**
 * Softmax cross-entropy, torch.nn.functional.cross_entropy's: of the targets t, smoothed to
 * (1 - labelSmoothing) t + labelSmoothing / classes, the sum of -weight t log softmax(logits) over the classes. For
 * labels, its mean weighs each image by its class' weight; for soft targets it is the plain mean. Exact for logits of any
 * size, since each row is shifted by its maximum.
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  checkOptions('crossEntropy', options, ['classWeights', 'labelSmoothing']);
  const { labelSmoothing = 0, classWeights } = options;
  checkClassWeights(classWeights);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new CnnzooError('INPUT', `crossEntropy: expected labelSmoothing from 0 to 1, received ${labelSmoothing}.`);
  const weightedSum = (logits: tf.Tensor2D, targets: Targets, classWeights: readonly number[]): LossSum => {
    const [n, classes] = logits.shape;
    const shares = asShares(targets, classes);
    const weights = classWeightsTensor(classWeights, classes);
    return {
      sum: crossEntropySum(logits, tf.mul(smoothTargets(shares, labelSmoothing), weights)),
      weight: targets.rank === 1 ? tf.sum(tf.mul(shares, weights)) : tf.scalar(n),
    };
  };
  const loss: Loss = (logits, targets) => {
    requireSeveral(logits);
    if (!classWeights) return meanCrossEntropy(logits, targets, labelSmoothing);
    const { sum, weight } = weightedSum(logits, targets, classWeights);
    return tf.div(sum, weight);
  };
  const sum: Loss['sum'] = classWeights && ((logits, targets) => weightedSum(logits, targets, classWeights));
  const described = withConfig(loss, { name: 'crossEntropy', labelSmoothing, classWeights });
  return Object.assign(described, { activation: 'softmax', ...(sum && { sum }) } as const);
}

function requireSeveral({ shape: [, classes] }: tf.Tensor2D): void {
  if (classes !== 1) return;
  throw new CnnzooError(
    'INPUT',
    'crossEntropy: the softmax of one logit is 1 whatever the image. Train a net of one logit with ' +
      'binaryCrossEntropy(), or build it with numClasses: 2.',
  );
}

/**
 * For images that may have several labels, or one class that is there or not: each logit by itself says so, through a
 * sigmoid. Labels of a net of one logit are 0 and 1. The mean over batch and classes of -weight (t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), as
 * torch.nn.functional.binary_cross_entropy_with_logits computes it: max(x, 0) - x t + log(1 + exp(-|x|)).
 */
export function binaryCrossEntropy(options: ClassWeights = {}): Loss {
  checkOptions('binaryCrossEntropy', options, ['classWeights']);
  const { classWeights } = options;
  checkClassWeights(classWeights);
  const loss: Loss = (logits, targets) => {
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
  const described = withConfig(loss, { name: 'binaryCrossEntropy', classWeights });
  return Object.assign(described, { activation: 'sigmoid' } as const);
}
