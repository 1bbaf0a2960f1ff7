import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Batch, BatchOptions, Dataset } from '../../src/data/dataset.js';
import { fromTensors, type PixelsDataset } from '../../src/data.js';
import {
  batchNorm,
  buildModel,
  dropout,
  globalAvgPool,
  linear,
  relu,
  sameConv,
  seq,
  stateDict,
} from '../../src/index.js';
import { Random, withRandom } from '../../src/util/random.js';

/** Images [h, w, 1] -> logits of `classes`; keys as in training.py. */
export const smallNet = ({ classes = 4, rate = 0, shape = [6, 5] as [number, number] } = {}): LayersModel =>
  withRandom(new Random(1), () =>
    buildModel(
      'small',
      seq({
        conv: sameConv(3, 3),
        bn: batchNorm(),
        relu,
        pool: globalAvgPool,
        ...(rate > 0 && { drop: dropout(rate) }),
        fc: linear(classes),
      }),
      [...shape, 1],
    ),
  );

/** A net's weights and running statistics, with their keys, to be compared. */
export const weightValues = async (net: LayersModel): Promise<[key: string, values: number[]][]> =>
  [...(await stateDict(net))].map(([key, { data }]) => [key, [...(data as Float32Array)]]);

/** Images in the order they are given, whatever is asked for. */
export class InOrder implements Dataset {
  readonly size: number;
  readonly categories = ['a', 'b', 'c', 'd'];

  constructor(
    private readonly images: readonly number[],
    private readonly shape: readonly [number, number, number],
    private readonly labels: readonly number[],
    /** Returns the soft targets that stand for a label in the batches. */
    private readonly shares?: (label: number) => number[],
  ) {
    this.size = labels.length;
  }

  *batches({ batchSize }: BatchOptions): Generator<Batch> {
    const length = this.shape.reduce((product, n) => product * n, 1);
    for (let from = 0; from < this.size; from += batchSize) {
      const y = this.labels.slice(from, from + batchSize);
      const x = this.images.slice(from * length, (from + y.length) * length);
      const targets = this.shares ? tf.tensor2d(y.map(this.shares)) : tf.tensor1d(y, 'int32');
      yield { x: tf.tensor4d(x, [y.length, ...this.shape]), y: targets };
    }
  }
}

/** Noise of two classes, dark and bright: easy to tell apart. */
export function easyImages(count: number, seed = 1, shares?: (label: number) => number[]): InOrder {
  const random = new Random(seed);
  const labels = Array.from({ length: count }, () => 3 * random.integer(2));
  const images = labels.flatMap((label) => Array.from({ length: 30 }, () => random.uniform() - 0.5 + label - 1.5));
  return new InOrder(images, [6, 5, 1], labels, shares);
}

/** The same kind of images as a set of the package's own: it shuffles, skips and augments. */
export async function noise(count: number, seed: number): Promise<PixelsDataset> {
  const random = new Random(seed);
  const labels = Array.from({ length: count }, () => 3 * random.integer(2));
  const images = tf.tensor4d(
    labels.flatMap((label) => Array.from({ length: 30 }, () => random.uniform() - 0.5 + label - 1.5)),
    [count, 6, 5, 1],
  );
  const y = tf.tensor1d(labels, 'int32');
  const set = await fromTensors(images, y);
  tf.dispose([images, y]);
  return set;
}
