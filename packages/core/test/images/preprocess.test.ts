import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Preprocessing } from '../../src/images/transform.js';
import { preprocess } from '../../src/zoo/preprocess.js';
import { goldens, photo } from './goldens.js';
import { sha256, synthetic } from './noise.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const recipe = (name: string): Preprocessing => ({ ...goldens.recipes[name]!, interpolation: 'bilinear' });

/** Opens a golden's image: the file of a photograph, or the tensor of a synthetic one. */
const open = (name: string): Uint8Array | tf.Tensor3D => {
  if (!/^\d/.test(name)) return photo(name);
  const [width, height] = name.split('x').map(Number) as [number, number];
  return tf.tensor3d(synthetic(width, height, 3).data, [height, width, 3], 'int32');
};

// The values are equal, not only close: the resized bytes are Pillow's, and torch too rounds each of the three float32
// operations that follow (x / 255, - mean, / std) once.
describe("torchvision's transform, bit for bit", () => {
  test.each(goldens.preprocess)('$image, $recipe', async ({ image, recipe: name, sha256: expected, sample }) => {
    const input = open(image);
    const to = recipe(name);
    const x = await preprocess(input, to);
    const values = x.dataSync() as Float32Array;
    expect(x.shape).toEqual([1, to.crop[0], to.crop[1], to.channels]);
    expect(x.dtype).toBe('float32');
    const every = Math.max(1, Math.floor(values.length / 8));
    expect(sample.map((_, i) => values[i * every])).toEqual(sample);
    expect(sha256(values)).toBe(expected);
    tf.dispose([x, input]);
  });
});

test('a list is a batch, in order, and an input tensor stays', async () => {
  const to = recipe('odd');
  const tensor = open('61x70x3') as tf.Tensor3D;
  const images = [photo('chelsea.png'), tensor, photo('rocket.jpg')];
  const batch = await preprocess(images, to);
  expect(batch.shape).toEqual([3, 50, 53, 3]);
  const size = 50 * 53 * 3;
  for (const [i, image] of images.entries()) {
    const one = await preprocess(image, to);
    expect(batch.dataSync().subarray(i * size, (i + 1) * size)).toEqual(one.dataSync());
    one.dispose();
  }
  const alone = await preprocess([tensor], to);
  expect(alone.shape).toEqual([1, 50, 53, 3]);
  expect(tensor.isDisposed).toBe(false);
  tf.dispose([batch, alone, tensor]);
});

test('grey images for nets of three channels, colour for nets of one', async () => {
  const grey = tf.tensor3d(synthetic(40, 30, 1).data, [30, 40, 1], 'int32');
  const rgb = tf.concat([grey, grey, grey], 2) as tf.Tensor3D;
  for (const name of ['odd', 'padded', 'grey']) {
    const [a, b] = [await preprocess(grey, recipe(name)), await preprocess(rgb, recipe(name))];
    expect(a.dataSync()).toEqual(b.dataSync());
    tf.dispose([a, b]);
  }
  tf.dispose([grey, rgb]);
});

test('refuses', async () => {
  const tensor = open('20x20x3') as tf.Tensor3D;
  const to = recipe('odd');
  await expect(preprocess([], to)).rejects.toMatchObject({ code: 'INPUT' });
  await expect(preprocess(tensor, { ...to, mean: [0.5] })).rejects.toThrow('3 means');
  await expect(preprocess(tensor, { ...to, std: [1, 0, 1] })).rejects.toThrow('above 0');
  const four = { ...to, channels: 4 as never, mean: [0, 0, 0, 0], std: [1, 1, 1, 1] };
  await expect(preprocess(tensor, four)).rejects.toThrow('1 or 3 channels, received 4');
  await expect(preprocess([tensor, 3 as never], to)).rejects.toThrow('images[1]: expected a path');
  tensor.dispose();
});
