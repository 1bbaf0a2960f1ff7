/**
 * Measures nets that are quantized to 8 bits, on whole test sets:
 *
 *   pnpm exec tsx tools/train/int8.ts FOLDER [NET ...]
 *
 * FOLDER holds CIFAR-10 as images: `train` and `test`, each with a folder for every class. Measured are the nets whose weights are in the
 * packages, or those that are named. They are calibrated with 512 images, every so many-th of the training set. The classes are those of
 * sessions on the kernels, in float32 and in 8 bits; 'with onnxruntime' is the share of images that onnxruntime-node gives the same class in 8 bits.
 */
import { join } from 'node:path';
import { type Classifier, useBackend } from '@cnnzoo/core';
import { type Dataset, imageFolder, mnist } from '@cnnzoo/core/data';
import { createSession, type EngineName, type QuantizedGraph, quantize } from '@cnnzoo/deploy';
import { lenet5, lenet5_relu } from '@cnnzoo/lenet';
import { nin_cifar } from '@cnnzoo/nin';
import { resnet20 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { mnistDirectory } from './mnist.js';

const CALIBRATION = 512;
const BATCH = 250;

interface Images {
  readonly values: Float32Array;
  readonly shape: [number, number, number, number];
  readonly labels: readonly number[];
}

/** Reads every `step`-th image of a data set. */
async function readImages(data: Dataset, { preprocessing }: Classifier, step: number): Promise<Images> {
  const { crop, channels } = preprocessing;
  const size = crop[0] * crop[1] * channels;
  const values: Float32Array[] = [];
  const labels: number[] = [];
  let index = 0;
  for await (const { x, y } of data.batches({ batchSize: BATCH, preprocessing })) {
    const [pixels, classes] = [await x.data<'float32'>(), await y.data()];
    tf.dispose([x, y]);
    for (let i = 0; i < classes.length; i++, index++)
      if (index % step === 0) {
        values.push(pixels.slice(i * size, (i + 1) * size));
        labels.push(classes[i]!);
      }
  }
  const all = new Float32Array(values.length * size);
  for (const [i, image] of values.entries()) all.set(image, i * size);
  return { values: all, shape: [values.length, crop[0], crop[1], channels], labels };
}

/** Computes the classes of images in a session. */
async function classesOf(
  source: Classifier | QuantizedGraph,
  engine: EngineName,
  { values, shape }: Images,
): Promise<number[]> {
  const session = await createSession(source, { engine });
  const [count, h, w, c] = shape;
  const size = h * w * c;
  const classes: number[] = [];
  for (let first = 0; first < count; first += BATCH) {
    const images = Math.min(BATCH, count - first);
    const logits = await session.run(values.subarray(first * size, (first + images) * size), [images, h, w, c]);
    const width = logits.length / images;
    for (let at = 0; at < logits.length; at += width) {
      const row = logits.subarray(at, at + width);
      classes.push(row.indexOf(Math.max(...row)));
    }
  }
  await session.dispose();
  return classes;
}

const share = (a: readonly number[], b: readonly number[]): string =>
  `${((100 * a.filter((value, i) => value === b[i]).length) / b.length).toFixed(2)} %`;

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) throw new Error('expected a folder of CIFAR-10 as images');
await useBackend();

async function digits(split: 'train' | 'test'): Promise<Dataset> {
  return mnist(mnistDirectory(), { split });
}
const images = async (part: 'train' | 'test'): Promise<Dataset> => (await imageFolder(join(folder!, part))).train;

console.log(
  '| net | top-1 float32 | top-1 int8 | agreement | with onnxruntime | bytes float32 | bytes int8 |\n|---|---|---|---|---|---|---|',
);
const shipped = [
  { net: lenet5, read: digits },
  { net: lenet5_relu, read: digits },
  { net: nin_cifar, read: images },
  { net: resnet20, read: images },
];
for (const { net: definition, read } of shipped) {
  if (names.length > 0 && !names.includes(definition.name)) continue;
  const net = await definition.pretrained();
  const train = await read('train');
  const calibration = await readImages(train, net, Math.ceil(train.size / CALIBRATION));
  const test = await readImages(await read('test'), net, 1);
  const { graph, report } = await quantize(net, calibration);
  const float32 = await classesOf(net, 'kernels', test);
  const int8 = await classesOf(graph, 'kernels', test);
  const runtime = await classesOf(graph, 'onnxruntime-node', test);
  const bytes = [report.bytes.float32, report.bytes.int8].map((count) => count.toLocaleString('en'));
  console.log(
    `| ${definition.name} | ${share(float32, test.labels)} | ${share(int8, test.labels)} | ${share(int8, float32)} | ${share(int8, runtime)} | ${bytes.join(' | ')} |`,
  );
  net.dispose();
}
