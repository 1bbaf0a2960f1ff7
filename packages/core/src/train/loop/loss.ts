import * as tf from '@tensorflow/tfjs-core';
import type { Targets } from '../../data/late.js';
import type { OutputActivation } from '../../graph/index.js';
import { crossEntropySum, meanCrossEntropy, oneHot, smoothTargets } from '../../ops/index.js';
import { CnnzooError, checkOptions } from '../../util/index.js';
import { withConfig } from '../optim/index.js';

/** The two parts of a mean loss. */
export interface LossSum {
  /** The sum of the batch's losses, scalar. */
  readonly sum: tf.Scalar;
  /** The number that the mean divides the sum by, scalar. */
  readonly weight: tf.Scalar;
}

/**
 * A function from logits, float32 [n, classes], and targets to the mean loss of the batch, a scalar that is
 * differentiable by the logits. A function of your own is one too.
 *
 * @example
 * ```ts
 * import { crossEntropy, type Loss } from '@cnnzoo/core/train';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const base = crossEntropy();
 * const halved: Loss = (logits, targets) => tf.mul(base(logits, targets), 0.5);
 * ```
 */
export interface Loss {
  (logits: tf.Tensor2D, targets: Targets): tf.Scalar;
  /**
   * Returns the mean's two parts, for a mean that divides by a number other than that of the images. With them, several
   * batches give the loss and the gradient of one.
   */
  readonly sum?: (logits: tf.Tensor2D, targets: Targets) => LossSum;
  /** The function from logits to scores that a net trained with this loss has. Default: the function that it had. */
  readonly activation?: OutputActivation;
}

/** The weights of classes in a loss. */
export interface ClassWeights {
  /**
   * The weight of each class, by label, at least 0.
   * @defaultValue 1 for every class
   */
  classWeights?: readonly number[];
}

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions extends ClassWeights {
  /**
   * Fraction of every target that is spread evenly over all classes, 0 to 1 (https://arxiv.org/abs/1512.00567).
   * @defaultValue 0
   */
  labelSmoothing?: number;
}

/** Returns targets as soft targets, float32 [n, classes]. To be called inside a tidy. */
export function softTargets(targets: Targets, classes: number): tf.Tensor2D {
  if (targets.rank === 2) return targets as tf.Tensor2D;
  // One logit tells whether its class is in the image.
  if (classes === 1) return tf.cast(tf.expandDims(targets, 1), 'float32') as tf.Tensor2D;
  return oneHot(targets as tf.Tensor1D, classes);
}

function checkClassWeights(weights: readonly number[] | undefined): void {
  if (weights === undefined) return;
  if (!Array.isArray(weights))
    throw new CnnzooError('INPUT', 'expected classWeights as a list of numbers, one for each class, by label.');
  const bad = weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (bad >= 0) throw new CnnzooError('INPUT', `expected classWeights of at least 0, received ${weights[bad]}.`);
}

/** Returns the weights as a tensor, [classes]. To be called inside a tidy. */
function classWeightsTensor(weights: readonly number[], classes: number): tf.Tensor1D {
  if (weights.length === classes) return tf.tensor1d([...weights]);
  throw new CnnzooError('INPUT', `expected classWeights of the net's ${classes} classes, received ${weights.length}.`);
}

/** Returns the loss for a net with an activation. */
export const defaultLoss = (activation: OutputActivation): Loss =>
  activation === 'sigmoid' ? binaryCrossEntropy() : crossEntropy();

/**
 * Builds the softmax cross-entropy, as torch.nn.functional.cross_entropy. Targets t are smoothed to
 * (1 - labelSmoothing) t + labelSmoothing / classes; the loss of an image is the sum of -weight t log softmax(logits)
 * over the classes. The mean of labels divides by the sum of the images' class weights, the mean of soft targets by the
 * number of images. Exact for logits of any size, since each row is shifted by its maximum.
 *
 * @param options label smoothing and class weights.
 * @throws CnnzooError INPUT for an option that is unknown or out of its range; by the loss, for class weights that are
 * not the net's number of classes, and for a net of one logit.
 *
 * @example
 * ```ts
 * import { adamW, crossEntropy, type TrainOptions } from '@cnnzoo/core/train';
 *
 * const loss = crossEntropy({ labelSmoothing: 0.1 });
 * const options: TrainOptions = { optimizer: adamW({ lr: 1e-3 }), loss };
 * ```
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  checkOptions('crossEntropy', options, ['classWeights', 'labelSmoothing']);
  const { labelSmoothing = 0, classWeights } = options;
  checkClassWeights(classWeights);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new CnnzooError('INPUT', `crossEntropy: expected labelSmoothing from 0 to 1, received ${labelSmoothing}.`);
  const weightedSum = (logits: tf.Tensor2D, targets: Targets, classWeights: readonly number[]): LossSum => {
    const [n, classes] = logits.shape;
    const soft = softTargets(targets, classes);
    const weights = classWeightsTensor(classWeights, classes);
    return {
      sum: crossEntropySum(logits, tf.mul(smoothTargets(soft, labelSmoothing), weights)),
      weight: targets.rank === 1 ? tf.sum(tf.mul(soft, weights)) : tf.scalar(n),
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
 * Builds the binary cross-entropy, for images that may have several labels, or one class that is there or not. Each
 * logit by itself tells of its class, through a sigmoid. The labels of a net of one logit are 0 and 1. The loss is the
 * mean over batch and classes of -weight (t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), computed as
 * torch.nn.functional.binary_cross_entropy_with_logits does: max(x, 0) - x t + log(1 + exp(-|x|)).
 *
 * @param options class weights.
 * @throws CnnzooError INPUT for an option that is unknown or out of its range; by the loss, for class weights that are
 * not the net's number of classes.
 *
 * @example
 * ```ts
 * import { binaryCrossEntropy, sgd, type TrainOptions } from '@cnnzoo/core/train';
 *
 * const options: TrainOptions = { optimizer: sgd({ lr: 0.01 }), loss: binaryCrossEntropy({ classWeights: [1, 4] }) };
 * ```
 */
export function binaryCrossEntropy(options: ClassWeights = {}): Loss {
  checkOptions('binaryCrossEntropy', options, ['classWeights']);
  const { classWeights } = options;
  checkClassWeights(classWeights);
  const loss: Loss = (logits, targets) => {
    const classes = logits.shape[1];
    const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
      const [x, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
      const soft = softTargets(targets, classes);
      const weights = classWeights ? classWeightsTensor(classWeights, classes) : tf.scalar(1);
      const linear = tf.sub(tf.relu(x), tf.mul(x, soft));
      const losses = tf.add(linear, tf.log1p(tf.exp(tf.neg(tf.abs(x)))));
      save([x, soft, weights]);
      return {
        value: tf.mean(tf.mul(losses, weights)),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
          const [x, soft, weights] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor];
          return [tf.mul(tf.mul(tf.sub(tf.sigmoid(x), soft), weights), tf.div(dy, x.size))];
        },
      };
    });
    return op(logits) as tf.Scalar;
  };
  const described = withConfig(loss, { name: 'binaryCrossEntropy', classWeights });
  return Object.assign(described, { activation: 'sigmoid' } as const);
}
