import * as tf from '@tensorflow/tfjs-core';
import { CnnzooError } from '../../util/index.js';
import type { Gradient } from '../optim/index.js';
import type { LossSum } from './loss.js';

/** Gradients and measurements of a forward and a backward pass. Owns the gradients. */
export interface BatchResult {
  /** One for each trainable weight that the loss depends on. */
  readonly gradients: readonly Gradient[];
  /** Number of images. */
  readonly count: number;
  /** Divisor of the mean loss: the number of images, unless the loss weighs images. May be 0. */
  readonly weight: number;
  /** The mean loss with the weighted losses of auxiliary heads; the sum of the losses if the weight is 0. */
  readonly loss: number;
  /** Mean loss of each output by itself: the first output's, then each auxiliary head's. */
  readonly losses: readonly number[];
  /** Fraction of the images whose largest logit was right: 0 to 1. */
  readonly accuracy: number;
}

export function disposeGradients({ gradients }: BatchResult): void {
  tf.dispose(gradients.map(({ gradient }) => gradient));
}

/** Returns the number to divide a sum of losses by. A batch of weight 0 is not divided: the step's others may have one. */
const divisorOf = (weight: number): number => (weight > 0 ? weight : 1);

/** Divides a sum of losses by its weight, as `divisorOf` does with numbers. */
export const meanOf = ({ sum, weight }: LossSum): tf.Scalar =>
  tf.div(sum, tf.where(tf.greater(weight, 0), weight, tf.onesLike(weight)));

/**
 * Adds up the results of two batches as if they had been one: each mean divides by the weights, or the images, of both.
 * BatchNorm normalises each batch by itself. Takes both over; the sum's gradients are the caller's.
 */
export function addBatches(one: BatchResult, other: BatchResult): BatchResult {
  const count = one.count + other.count;
  const weight = one.weight + other.weight;
  const ofOne = divisorOf(one.weight) / divisorOf(weight);
  const ofOther = divisorOf(other.weight) / divisorOf(weight);
  const mean = (a: number, b: number): number => a * ofOne + b * ofOther;
  const gradientOf = new Map(other.gradients.map(({ key, gradient }) => [key, gradient]));
  const gradients = one.gradients.map(({ key, variable, gradient }) => {
    const mean = tf.tidy(() => tf.add(tf.mul(gradient, ofOne), tf.mul(gradientOf.get(key)!, ofOther)));
    tf.dispose([gradient, gradientOf.get(key)!]);
    return { key, variable, gradient: mean };
  });
  return {
    gradients,
    count,
    weight,
    loss: mean(one.loss, other.loss),
    losses: one.losses.map((loss, i) => mean(loss, other.losses[i]!)),
    accuracy: (one.accuracy * one.count + other.accuracy * other.count) / count,
  };
}

/** Returns the Euclidean length of all gradients as one vector. */
async function globalNorm(gradients: readonly Gradient[]): Promise<number> {
  const squares = tf.tidy(() => tf.stack(gradients.map(({ gradient }) => tf.sum(tf.square(gradient)))));
  try {
    return Math.sqrt((await squares.data<'float32'>()).reduce((sum, square) => sum + square, 0));
  } finally {
    squares.dispose();
  }
}

/**
 * Scales gradients so that their global norm is at most `maxNorm`: by min(1, maxNorm / (norm + 1e-6)), as
 * torch.nn.utils.clip_grad_norm_. Resolves to gradients that are the caller's. Disposes of the given gradients if it
 * scales them.
 * @throws CnnzooError TRAINING if the norm is not finite.
 */
export async function clipByGlobalNorm(gradients: readonly Gradient[], maxNorm: number): Promise<readonly Gradient[]> {
  const norm = await globalNorm(gradients);
  if (!Number.isFinite(norm))
    throw new CnnzooError(
      'TRAINING',
      `The gradients' norm is ${norm}, which no clipping mends; the trainable weights are those of the step before. ` +
        'Lower the learning rate, or look for inputs that are not finite.',
    );
  const factor = maxNorm / (norm + 1e-6);
  if (factor >= 1) return gradients;
  return gradients.map(({ gradient, ...rest }) => {
    const clipped = tf.mul(gradient, factor);
    gradient.dispose();
    return { ...rest, gradient: clipped };
  });
}
