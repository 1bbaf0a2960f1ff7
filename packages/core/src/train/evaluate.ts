import * as tf from '@tensorflow/tfjs-core';
import { requireBackend } from '../backend/require.js';
import type { Dataset } from '../data/dataset.js';
import { CnnzooError } from '../errors.js';
import { modelOf, type Net } from '../net.js';
import { checkLabels, classesOf } from './labels.js';
import { crossEntropy, type Loss } from './loss.js';

export interface Evaluation {
  /** Mean over the images. */
  readonly loss: number;
  /** The share of images whose label has the largest logit, 0 to 1. */
  readonly top1: number;
  /** The share whose label is among the five largest logits; only for nets with more than five classes. */
  readonly top5?: number;
  /** How many images. */
  readonly count: number;
}

export interface EvaluateOptions {
  batchSize?: number;
  loss?: Loss;
  signal?: AbortSignal;
}

/** Runs a net that classifies over a whole dataset, in inference mode. */
export async function evaluate(
  net: Net,
  data: Dataset,
  { batchSize = 128, loss = crossEntropy, signal }: EvaluateOptions = {},
): Promise<Evaluation> {
  const model = modelOf(net);
  requireBackend('evaluate');
  const classes = classesOf(model.name, model.outputs[0]!);
  const sums = { loss: 0, top1: 0, top5: 0, count: 0 };
  for (const batch of data.batches({ batchSize })) {
    try {
      if (signal?.aborted) throw new CnnzooError('ABORTED', 'The evaluation was stopped by its signal.');
      await checkLabels(batch, classes);
      const { x, y } = batch;
      const n = y.shape[0];
      const [cost, ranks] = tf.tidy(() => {
        const logits = model.apply(x, { training: false }) as tf.Tensor2D;
        const own = tf.sum(tf.mul(logits, tf.cast(tf.oneHot(y, classes), 'float32')), 1, true);
        // How many classes come before the label: a tie counts against it, so that constant logits score nothing.
        const rank = tf.sub(tf.sum(tf.cast(tf.greaterEqual(logits, own), 'float32'), 1), 1);
        return [loss(y, logits), rank];
      });
      const [[mean], rank] = (await Promise.all([cost!.data(), ranks!.data()])) as [Float32Array, Float32Array];
      tf.dispose([cost!, ranks!]);
      sums.loss += mean! * n;
      sums.count += n;
      for (const before of rank) {
        if (before === 0) sums.top1++;
        if (before < 5) sums.top5++;
      }
    } finally {
      tf.dispose([batch.x, batch.y]);
    }
  }
  const { count } = sums;
  if (count === 0) throw new CnnzooError('INPUT', 'evaluate: the dataset holds no images.');
  const share = { loss: sums.loss / count, top1: sums.top1 / count, count };
  return classes > 5 ? { ...share, top5: sums.top5 / count } : share;
}
