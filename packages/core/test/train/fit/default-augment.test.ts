import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import type { Batch, BatchOptions, Dataset } from '../../../src/data.js';
import { writeNote } from '../../../src/graph/head.js';
import { Classifier, useBackend } from '../../../src/index.js';
import { evaluate, type FitOptions, fit, sgd } from '../../../src/train.js';
import { smallNet } from '../nets.js';

beforeAll(() => useBackend('cpu'));

/** Notes how it is read. */
class Watched implements Dataset {
  readonly size = 4;
  readonly categories = ['a', 'b', 'c', 'd'];
  readonly asked: BatchOptions[] = [];

  constructor(readonly fromFiles: boolean) {}

  *batches(options: BatchOptions): Generator<Batch> {
    this.asked.push(options);
    yield { x: tf.zeros([4, 6, 5, 1]), y: tf.tensor1d([0, 1, 2, 3], 'int32') };
  }
}

const preprocessing = {
  resize: 8,
  crop: [6, 5],
  channels: 1,
  mean: [0.5],
  std: [0.5],
  interpolation: 'bilinear',
} as const;

async function asked(
  more: Partial<FitOptions>,
  fromFiles = true,
  auxiliaryHeads: readonly string[] = [],
): Promise<BatchOptions[]> {
  const model = smallNet();
  writeNote(model, { model: 'small', head: 'fc', auxiliaryHeads });
  const net = new Classifier({ model, preprocessing, categories: null });
  const data = new Watched(fromFiles);
  try {
    await fit(net, data, { optimizer: sgd({ lr: 0.1 }), validation: data, ...more });
    await evaluate(net, data);
    return data.asked;
  } finally {
    net.dispose();
  }
}

const recipesOf = (options: BatchOptions) => JSON.stringify(options.augment?.transform.recipe);

it('image files are cropped and flipped at random, to the size of the weights, and nowhere else', async () => {
  const [training, validation, evaluation] = await asked({});
  expect(recipesOf(training!)).toMatch(/randomResizedCrop.*6,5.*horizontalFlip/);
  for (const options of [training, validation, evaluation]) expect(options!.preprocessing).toBe(preprocessing);
  expect(validation!.augment).toBeUndefined();
  expect(evaluation!.augment).toBeUndefined();
});

it.each<[string, Partial<FitOptions>, boolean]>([
  ['over a frozen backbone', { freeze: 'backbone' }, true],
  ['where null says so', { augment: null }, true],
  ['of images of one size', {}, false],
])('no augmentation %s', async (_, more, fromFiles) => {
  const [training] = await asked(more, fromFiles);
  expect(training!.augment).toBeUndefined();
});

it('no augmentation where auxiliary heads alone train beside the head', async () => {
  const [training] = await asked({ freeze: 'backbone' }, true, ['bn']);
  expect(training!.augment).toBeUndefined();
});
