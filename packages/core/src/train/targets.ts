import * as tf from '@tensorflow/tfjs-core';

/**
 * What images are: a class each, int32 [n] from 0; or for every class how much of it, float32 [n, classes] from 0 to 1:
 * the shares of a mixed image, or 1 for each of an image's several labels.
 */
export type Targets = tf.Tensor1D | tf.Tensor2D;

/** Targets as float32 [n, classes]; inside a tidy. */
export const asShares = (targets: Targets, classes: number): tf.Tensor2D =>
  targets.rank === 2
    ? (targets as tf.Tensor2D)
    : // Cast, since wasm's own one-hot writes integers whatever its type.
      tf.cast(tf.oneHot(targets as tf.Tensor1D, classes) as tf.Tensor2D, 'float32');
