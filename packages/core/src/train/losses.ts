import * as tf from '@tensorflow/tfjs-core';

/** A scalar from logits float32 [n, classes] and labels int32 [n]. */
export type Loss = (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Scalar;

/** Mean softmax cross-entropy over integer labels, PyTorch's CrossEntropyLoss. */
export const crossEntropy: Loss = (logits, labels) =>
  tf.losses.softmaxCrossEntropy(tf.oneHot(labels, logits.shape[1]), logits) as tf.Scalar;
