import * as tf from '@tensorflow/tfjs-core';
import { breathe } from '#platform';
import { requireBackend } from '../../backend/index.js';
import type { Dataset } from '../../data/late.js';
import { modelOf, type Net, outputActivationOf, preprocessingOf } from '../../graph/index.js';
import type { Preprocessing } from '../../images/index.js';
import { CnnzooError, checkOptions, checkWhole } from '../../util/index.js';
import { type Thresholds, thresholdsOf } from '../../util/late.js';
import { checkBatch, checkFunction, checkNotEmpty } from './checks.js';
import { defaultLoss, type Loss } from './loss.js';
import { type MatchOptions, matchCategories } from './match-categories.js';
import { hitsAt, type MultiLabelMetrics, MultiLabelTally } from './metrics.js';
import { classesOf, type Trainee, wholeNet } from './trainee.js';

/**
 * Measurements of a net on a data set. The metrics of several labels an image are there if the net's scores are sigmoids
 * and the targets are soft, [n, classes].
 */
export interface Evaluation extends Partial<MultiLabelMetrics> {
  /** Mean loss of the images, weighed as the loss weighs them. */
  readonly loss: number;
  /**
   * Fraction of images whose largest logit is their label's, or one of their labels': 0 to 1. For a net of one logit:
   * fraction of images for which the net tells rightly whether the class is there.
   */
  readonly top1: number;
  /** Fraction of images with a label among the five largest logits: 0 to 1. undefined up to five classes. */
  readonly top5?: number;
  /** Number of images. */
  readonly count: number;
}

/** Options of `evaluate`. */
export interface EvaluateOptions extends MatchOptions {
  /**
   * Images that go through the net together, at least 1. The result does not depend on it.
   * @defaultValue 128
   */
  batchSize?: number;
  /**
   * The loss to measure.
   * @defaultValue `crossEntropy()`; `binaryCrossEntropy()` for a net whose scores are sigmoids
   */
  loss?: Loss;
  /**
   * The score above which a class counts as present, or one score for each class, for a net whose scores are sigmoids.
   * @defaultValue 0.5
   */
  threshold?: Thresholds;
  /** Called after every batch with the number of images measured and the total. */
  onImages?: (done: number, total: number) => void;
  /** Ends the evaluation before its next batch, with a CnnzooError ABORTED. */
  signal?: AbortSignal | undefined;
}

const OPTIONS = ['batchSize', 'loss', 'threshold', 'matchCategories', 'onImages', 'signal'];

/**
 * Measures a net that classifies on a whole data set, in inference mode.
 *
 * @param net a LayersModel or a `Classifier` with logits [n, classes] as its first output.
 * @param data images [n, height, width, channels] that fit the net's input, with labels or soft targets.
 * @throws CnnzooError INPUT for options or batches that don't fit; ABORTED by the signal.
 *
 * @example
 * ```ts
 * import { load } from '@cnnzoo/core';
 * import { imageFolder } from '@cnnzoo/core/data';
 * import { evaluate } from '@cnnzoo/core/train';
 *
 * const net = await load('my-net');
 * const { train } = await imageFolder('flowers');
 * const { loss, top1 } = await evaluate(net, train);
 * ```
 */
export async function evaluate(net: Net, data: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  requireBackend('evaluate');
  checkOptions('evaluate', options, OPTIONS);
  checkNotEmpty('evaluate', data);
  const matched = matchCategories(net, data, options, 'evaluate');
  return evaluateTrainee(wholeNet(modelOf(net)), matched, options, preprocessingOf(net));
}

/** Measures layers of a net whose inputs are the data set's images, as `evaluate` does a whole net. */
export async function evaluateTrainee(
  trainee: Trainee,
  data: Dataset,
  { batchSize = 128, loss: given, threshold, onImages, signal }: EvaluateOptions,
  preprocessing?: Preprocessing,
): Promise<Evaluation> {
  const { model, infer } = trainee;
  checkWhole('batchSize', batchSize, 1);
  checkFunction('loss', given, 'crossEntropy()');
  const classes = classesOf(model);
  const activation = outputActivationOf(model);
  const loss = given ?? defaultLoss(activation);
  const isMultiLabel = (loss.activation ?? activation) === 'sigmoid';
  if (threshold !== undefined && !isMultiLabel)
    throw new CnnzooError(
      'INPUT',
      `evaluate: a threshold is for classes that are independent; the scores of '${model.name}' are a softmax. Leave it ` +
        "out, or set the Classifier's activation to 'sigmoid'.",
    );
  const thresholds = thresholdsOf('evaluate', threshold ?? 0.5, classes);
  let several: MultiLabelTally | undefined;
  const pause = async (): Promise<void> => {
    await breathe('The evaluation', signal);
    modelOf(model);
  };
  const sums = [0, 0, 0, 0];
  let count = 0;
  for await (const { x, y } of data.batches({
    batchSize,
    ...(preprocessing && { preprocessing }),
    ...(signal && { signal }),
  })) {
    const outputs: tf.Tensor2D[] = [];
    const results: tf.Scalar[] = [];
    try {
      await pause();
      await checkBatch('evaluate', trainee, { x, y }, classes);
      outputs.push(...(await infer(x, pause)));
      const logits = outputs[0]!;
      results.push(
        ...tf.tidy(() => {
          const { sum, weight } = loss.sum?.(logits, y) ?? sumOfMean(loss(logits, y), x.shape[0]);
          return [sum, weight, hitsAt(1, logits, y, thresholds[0]), ...(classes > 5 ? [hitsAt(5, logits, y)] : [])];
        }),
      );
      const values = await Promise.all(results.map((result) => result.data()));
      for (const [i, [value]] of values.entries()) sums[i]! += value!;
      if (isMultiLabel && y.rank === 2) {
        several ??= new MultiLabelTally(classes, thresholds);
        await several.add(logits, y as tf.Tensor2D);
      }
      count += x.shape[0];
      onImages?.(count, data.size);
    } finally {
      tf.dispose([x, y, ...outputs, ...results]);
    }
  }
  if (count === 0) throw new CnnzooError('INPUT', 'evaluate: the data set holds no images.');
  const [total, weight, first, five] = sums as [number, number, number, number];
  if (weight === 0)
    throw new CnnzooError('INPUT', 'evaluate: the classes of all images have a weight of 0: there is no mean loss.');
  return {
    loss: total / weight,
    top1: first / count,
    ...(classes > 5 && { top5: five / count }),
    ...several?.metrics,
    count,
  };
}

const sumOfMean = (mean: tf.Scalar, images: number) => ({
  sum: tf.mul<tf.Scalar>(mean, images),
  weight: tf.scalar(images),
});
