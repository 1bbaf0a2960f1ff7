import * as tf from '@tensorflow/tfjs-core';

/**
 * The targets of images: a label each, int32 [n] from 0 (of a net of one logit: 0, or 1 where its class is there); or soft
 * targets, float32 [n, classes] from 0 to 1: the shares of a mixed image, or 1 for each of an image's several labels.
 */
export type Targets = tf.Tensor1D | tf.Tensor2D;

/** Targets as float32 [n, classes]; inside a tidy. */
export function asShares(targets: Targets, classes: number): tf.Tensor2D {
  if (targets.rank === 2) return targets as tf.Tensor2D;
  // One logit says whether its class is there. Cast, since wasm's own one-hot writes integers whatever its type.
  if (classes === 1) return tf.cast(tf.expandDims(targets, 1), 'float32') as tf.Tensor2D;
  return tf.cast(tf.oneHot(targets as tf.Tensor1D, classes) as tf.Tensor2D, 'float32');
}
