import * as tf from '@tensorflow/tfjs-core';
import type { Targets } from '../../data/dataset.js';
import { asShares } from './targets.js';

/**
 * How many of the rows have their label among the `k` largest logits: of shares, the class with the largest share, or
 * the best ranked of several. Of equal logits the first counts as larger, as in argMax; a label whose logit is not a
 * number is never right, nor is a row without a label. A row of one logit is right if its sigmoid is above `threshold`
 * where its class is there, and is not where it is not.
 */
export const hitsAt = (k: number, logits: tf.Tensor2D, targets: Targets, threshold = 0.5): tf.Scalar =>
  tf.tidy(() => {
    if (logits.shape[1] === 1) {
      const isRight = tf.equal(tf.greater(tf.sigmoid(logits), threshold), tf.greater(asShares(targets, 1), 0.5));
      return count(tf.logicalAnd(isRight, tf.equal(logits, logits)));
    }
    if (targets.rank === 1) return count(hits(k, logits, targets as tf.Tensor1D));
    const largest = tf.max(targets, 1, true);
    const isLabel = tf.logicalAnd(tf.equal(targets, largest), tf.greater(targets, 0));
    const labels = tf.argMax(tf.where(isLabel, logits, Number.NEGATIVE_INFINITY), 1) as tf.Tensor1D;
    return count(tf.logicalAnd(hits(k, logits, labels), tf.greater(largest, 0)));
  });

const count = (right: tf.Tensor): tf.Scalar => tf.sum(tf.cast(right, 'int32'));

/** For each row whether it is right, bool [n, 1]. */
function hits(k: number, logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor {
  const classes = logits.shape[1];
  const isLabel = tf.oneHot(labels, classes);
  const own = tf.sum(tf.where(tf.cast(isLabel, 'bool'), logits, 0), 1, true);
  const isBefore = tf.less(tf.range(0, classes, 1, 'int32'), tf.expandDims(labels, 1));
  const ahead = tf.logicalOr(tf.greater(logits, own), tf.logicalAnd(tf.equal(logits, own), isBefore));
  const rank = tf.sum(tf.cast(ahead, 'int32'), 1, true);
  return tf.logicalAnd(tf.less(rank, k), tf.equal(own, own));
}
