import * as tf from '@tensorflow/tfjs-core';

/**
 * How many of the rows have their label among the `k` largest logits. Of equal logits the first counts as larger, as in
 * argMax; a label whose logit is not a number is never right.
 */
export const hitsAt = (k: number, logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar =>
  tf.tidy(() => {
    const classes = logits.shape[1];
    const isLabel = tf.oneHot(labels, classes);
    const own = tf.sum(tf.where(tf.cast(isLabel, 'bool'), logits, 0), 1, true);
    const isBefore = tf.less(tf.range(0, classes, 1, 'int32'), tf.expandDims(labels, 1));
    const ahead = tf.logicalOr(tf.greater(logits, own), tf.logicalAnd(tf.equal(logits, own), isBefore));
    const rank = tf.sum(tf.cast(ahead, 'int32'), 1, true);
    const right = tf.logicalAnd(tf.less(rank, k), tf.equal(own, own));
    return tf.sum(tf.cast(right, 'int32')) as tf.Scalar;
  });
