// An ONNX file that takes images of any size.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  buildModel,
  Classifier,
  conv,
  flatten,
  globalAvgPool,
  linear,
  type Preprocessing,
  seq,
  useBackend,
} from '@cnnzoo/core';
import { lenet5_relu } from '@cnnzoo/lenet';
import { resnet20 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportOnnx } from '../src/index.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-preprocessing-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('wasm');
});

/** A picture with edges and slopes. */
function picture(width: number, height: number): { rgb: Uint8Array; image: ImageData } {
  const rgb = new Uint8Array(width * height * 3);
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      const values = [(x * 255) / width, (y * 255) / height, (Math.floor(x / 7) + Math.floor(y / 5)) % 2 ? 230 : 20];
      for (const [c, value] of values.entries()) rgb[3 * pixel + c] = data[4 * pixel + c] = Math.floor(value);
      data[4 * pixel + 3] = 255;
    }
  return { rgb, image: { width, height, data, colorSpace: 'srgb' } as ImageData };
}

const SIZES = [
  [28, 24],
  [50, 40],
  [33, 97],
  [20, 25],
] as const;

const SIDES = { resize: null, crop: [24, 28], interpolation: 'bilinear' } as const;

it.each<[string, Preprocessing]>([
  ['RGB', { ...SIDES, channels: 3, mean: [0.5, 0.4, 0.3], std: [0.5, 0.4, 0.6] }],
  ['grey', { ...SIDES, channels: 1, mean: [0.5], std: [0.5] }],
  ['a shorter side and a crop', { ...SIDES, resize: 29, channels: 3, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }],
])('%s: no pixel differs from cnnzoo by more than a step', async (name, preprocessing) => {
  const shape = [...preprocessing.crop, preprocessing.channels] as const;
  // A net whose logits are its pixels, which a logistic function gives away.
  const net = new Classifier({
    model: buildModel('pixels', flatten, [...shape]),
    preprocessing,
    categories: null,
    activation: 'sigmoid',
  });
  const file = join(directory, `${name}.onnx`);
  await exportOnnx(net, file, { preprocessing: true });
  const session = await InferenceSession.create(readFileSync(file));
  expect([session.inputNames, session.outputNames]).toEqual([['image'], ['probabilities']]);
  for (const [width, height] of SIZES) {
    const { rgb, image } = picture(width, height);
    const { probabilities } = await session.run({ image: new Tensor('uint8', rgb, [height, width, 3]) });
    const x = await net.preprocess(image);
    const first = tf.transpose(x, [0, 3, 1, 2]);
    const expected = first.dataSync();
    tf.dispose([x, first]);
    const area = shape[0] * shape[1];
    const steps = Array.from(probabilities!.data as Float32Array, (probability, i) => {
      const logit = Math.log(probability / (1 - probability));
      return Math.abs(logit - expected[i]!) * 255 * preprocessing.std[Math.floor(i / area)]!;
    });
    expect(steps.length).toBe(expected.length);
    expect(Math.max(...steps), `${width} x ${height}`).toBeLessThan(1.01);
    // An image that is not resized has no difference at all.
    if (width === 28 && height === 24 && preprocessing.resize === null) expect(Math.max(...steps)).toBeLessThan(0.01);
  }
  await session.release();
  net.dispose();
});

it.each([
  ['resnet20', resnet20],
  ['lenet5_relu', lenet5_relu],
] as const)('%s finds the same class', async (name, definition) => {
  const net = await definition.pretrained();
  const file = join(directory, `${name}.onnx`);
  await exportOnnx(net, file, { preprocessing: true });
  const session = await InferenceSession.create(readFileSync(file));
  for (const [width, height] of SIZES) {
    const { rgb, image } = picture(width, height);
    const { probabilities } = await session.run({ image: new Tensor('uint8', rgb, [height, width, 3]) });
    const [best] = await net.classify(image, { topK: 1 });
    const scores = [...(probabilities!.data as Float32Array)];
    expect(scores.indexOf(Math.max(...scores))).toBe(best!.index);
    expect(scores.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  }
  await session.release();
  net.dispose();
});

it('is refused where the net states none, or another size than it takes', async () => {
  const model = buildModel('small', seq([conv(4, 3), globalAvgPool, linear(3)]), [6, 6, 1]);
  const preprocessing = {
    resize: null,
    crop: [6, 6],
    channels: 3,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    interpolation: 'bilinear',
  } as const;
  const file = join(directory, 'refused.onnx');
  await expect(exportOnnx(model, file, { preprocessing: true })).rejects.toThrow(/states no preprocessing/);
  const classifier = new Classifier({ model, preprocessing, categories: null });
  await expect(exportOnnx(classifier, file, { preprocessing: true })).rejects.toThrow(/6,6,3/);
  const padded = new Classifier({
    model,
    preprocessing: { ...preprocessing, channels: 1, mean: [0], std: [1], resize: 4 },
    categories: null,
  });
  await expect(exportOnnx(padded, file, { preprocessing: true })).rejects.toThrow(/crop of at most/);
  await expect(exportOnnx(padded, file, { preprocessing: 'yes' as never })).rejects.toThrow(/true or false/);
  model.dispose();
});
