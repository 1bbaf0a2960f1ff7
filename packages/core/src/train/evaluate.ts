import * as tf from '@tensorflow/tfjs-core';
import { requireBackend } from '../backend/require.js';
import { breathe } from '../breathe.js';
import type { Dataset } from '../data/dataset.js';
import { CnnzooError } from '../errors.js';
import type { Preprocessing } from '../images/prepare.js';
import { modelOf, type Net, preprocessingOf } from '../net.js';
import { checkNotEmpty, checkTargets, checkWhole, classesOf } from './checks.js';
import { crossEntropy, type Loss } from './loss.js';
import { type MatchOptions, matchCategories } from './match-categories.js';
import { hitsAt } from './metrics.js';
import { type Trainee, wholeNet } from './trainee.js';

export interface Evaluation {
  /** Mean over the images. */
  readonly loss: number;
  /** The share of images whose largest logit is their label's, or one of their labels', 0 to 1. */
  readonly top1: number;
  /** The share with a label among the five largest logits; only for nets with more than five classes. */
  readonly top5?: number;
  /** How many images. */
  readonly count: number;
}

export interface EvaluateOptions extends MatchOptions {
  batchSize?: number;
  loss?: Loss;
  /** Hears after every batch how many images were measured, and of how many. */
  onImages?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Runs a net that classifies over a whole data set, in inference mode. */
export async function evaluate(net: Net, data: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  requireBackend('evaluate');
  const matched = matchCategories(net, data, options, 'evaluate');
  return evaluateTrainee(wholeNet(modelOf(net)), matched, options, preprocessingOf(net));
}

/** The same for part of a net, whose inputs are the data set's. */
export async function evaluateTrainee(
  { model, infer }: Trainee,
  data: Dataset,
  { batchSize = 128, loss = crossEntropy(), onImages, signal }: EvaluateOptions,
  preprocessing?: Preprocessing,
): Promise<Evaluation> {
  checkWhole('batchSize', batchSize, 1);
  checkNotEmpty('evaluate', data);
  const classes = classesOf(model);
  const sums = [0, 0, 0];
  const pause = (): Promise<void> => breathe('The evaluation', signal);
  let count = 0;
  for await (const { x, y } of data.batches({
    batchSize,
    ...(preprocessing && { preprocessing }),
    ...(signal && { signal }),
  })) {
    const results: tf.Tensor[] = [];
    try {
      await pause();
      await checkTargets({ x, y }, classes);
      const n = x.shape[0];
      const outputs = await infer(x, pause);
      results.push(
        ...outputs,
        ...tf.tidy(() => {
          const logits = outputs[0]!;
          const total = tf.mul(loss(logits, y), n) as tf.Scalar;
          return [total, hitsAt(1, logits, y), ...(classes > 5 ? [hitsAt(5, logits, y)] : [])];
        }),
      );
      const values = await Promise.all(results.slice(outputs.length).map((result) => result.data()));
      for (const [i, [value]] of values.entries()) sums[i]! += value!;
      count += n;
      onImages?.(count, data.size);
    } finally {
      tf.dispose([x, y, ...results]);
    }
  }
  if (count === 0) throw new CnnzooError('INPUT', 'evaluate: the data set holds no images.');
  const [total, first, five] = sums as [number, number, number];
  const shares = { loss: total / count, top1: first / count, count };
  return classes > 5 ? { ...shares, top5: five / count } : shares;
}
