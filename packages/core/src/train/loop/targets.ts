import * as tf from '@tensorflow/tfjs-core';
import type { Targets } from '../../data/dataset.js';
import { oneHot } from '../../ops/index.js';

/** Targets as float32 [n, classes]; inside a tidy. */
export function asShares(targets: Targets, classes: number): tf.Tensor2D {
  if (targets.rank === 2) return targets as tf.Tensor2D;
  // One logit says whether its class is there.
  if (classes === 1) return tf.cast(tf.expandDims(targets, 1), 'float32') as tf.Tensor2D;
  return oneHot(targets as tf.Tensor1D, classes);
}
