import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Classifier,
  CnnzooError,
  defineModel,
  defineWeights,
  globalAvgPool,
  head,
  relu,
  sameConv,
  seq,
  useBackend,
} from '../../src/index.js';
import { fixture, goldens } from '../images/goldens.js';

const tiny = defineModel({
  name: 'tiny',
  head: 'fc',
  inputShape: [4, 4, 3],
  numClasses: 7,
  weights: defineWeights<'NONE'>({} as never, 'NONE'),
  net: ({ numClasses }) => seq({ conv1: sameConv(5, 3), relu, pool: globalAvgPool, fc: head(numClasses) }),
});

const classifier = (numClasses = 7): Classifier =>
  new Classifier({
    model: tiny({ numClasses, seed: 3 }),
    preprocessing: {
      resize: null,
      crop: [4, 4],
      channels: 3,
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      interpolation: 'bilinear',
    },
    categories: numClasses === 7 ? ['a', 'b', 'c', 'd', 'e', 'f', 'g'] : null,
  });

const images: tf.Tensor3D[] = [];
let net: Classifier;
beforeAll(async () => {
  await useBackend('cpu');
});
beforeEach(() => {
  net = classifier();
  for (let seed = 0; seed < 3; seed++) images.push(tf.randomUniform([4, 4, 3], 0, 1, 'float32', seed));
});
afterEach(() => {
  net.dispose();
  tf.dispose(images.splice(0));
});

describe('encoded images', () => {
  const file = fixture('444.jpg');
  const [width, height] = goldens.decode['444.jpg']!.size;
  const enough = { maxPixels: width * height };
  const few = { maxPixels: width * height - 1 };

  it('are named by their place in the list, or are the image if there is one', async () => {
    const bad = Uint8Array.from([1, 2, 3]);
    const list = Array<Uint8Array | tf.Tensor3D>(40).fill(images[0]!).with(35, bad);
    for (const work of ['classify', 'embed', 'preprocess'] as const) {
      await expect(net[work](list)).rejects.toThrow('images[35]');
      await expect(net[work](bad)).rejects.toThrow(/^the image/i);
    }
  });

  it('of more than maxPixels are refused by classify, embed, activations and preprocess', async () => {
    for (const images of [file, [file, file]]) {
      const outputs = await net.activations(images as Uint8Array, ['conv1'], enough);
      tf.dispose([outputs.conv1, await net.preprocess(images, enough)]);
      await net.classify(images as Uint8Array, enough);
      await net.embed(images as Uint8Array, enough);
      for (const refused of [
        () => net.classify(images as Uint8Array, few),
        () => net.embed(images as Uint8Array, few),
        () => net.activations(images, ['conv1'], few),
        () => net.preprocess(images, few),
      ])
        await expect(refused()).rejects.toMatchObject({ code: 'IMAGE', message: expect.stringContaining('maxPixels') });
    }
  });
});

describe('classify', () => {
  it('gives the softmax of the logits, the largest first', async () => {
    const predictions = await net.classify(images[0]!, { topK: 7 });
    const scores = predictions.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 5);
    const logits = tf.tidy(() => {
      // As a float tensor is shown: rounded to 8 bits.
      const x = tf.div(tf.sub(tf.div(tf.round(tf.mul(images[0]!, 255)), 255), 0.5), 0.25);
      return (net.model.apply(tf.expandDims(x)) as tf.Tensor).dataSync();
    });
    expect(predictions.map(({ index }) => index)).toEqual(
      [0, 1, 2, 3, 4, 5, 6].sort((a, b) => logits[b]! - logits[a]!),
    );
    for (const { label, index } of predictions) expect(label).toBe('abcdefg'[index]);
  });

  it('gives five by default, a list for one image, a list of lists for a list', async () => {
    const one = await net.classify(images[0]!);
    expect(one.length).toBe(5);
    expect(await net.classify([images[0]!])).toEqual([one]);
    const all = await net.classify(images, { topK: 1 });
    expect(all.map((predictions) => predictions.length)).toEqual([1, 1, 1]);
    for (const [i, image] of images.entries())
      expect(all[i]![0]!.score).toBeCloseTo((await net.classify(image))[0]!.score, 6);
    expect(await net.classify([])).toEqual([]);
  });

  it('names classes by their index where there are no categories', async () => {
    const other = classifier(3);
    expect((await other.classify(images[0]!)).map(({ label }) => label).sort()).toEqual(['0', '1', '2']);
    other.dispose();
  });

  it('refuses a net without a head, and a topK that makes no sense', async () => {
    const bare = classifier(0);
    await expect(bare.classify(images[0]!)).rejects.toThrow(/no head 'fc'/);
    bare.dispose();
    for (const topK of [0, -1, 1.5]) await expect(net.classify(images[0]!, { topK })).rejects.toThrow(CnnzooError);
  });
});

it('preprocess gives what the net sees', async () => {
  const [one, both] = [await net.preprocess(images[0]!), await net.preprocess(images.slice(0, 2))];
  expect([one.shape, both.shape]).toEqual([
    [1, 4, 4, 3],
    [2, 4, 4, 3],
  ]);
  const seen = one.dataSync();
  for (const [i, value] of images[0]!.dataSync().entries()) {
    const byte = Math.round(255 * value);
    // Half a byte, where rounding is at a half.
    expect(Math.abs(seen[i]! - (byte / 255 - 0.5) / 0.25)).toBeLessThan(1.01 / 255 / 0.25);
  }
  expect(both.dataSync().subarray(0, 48)).toEqual(seen);
  tf.dispose([one, both]);
});

it('embed gives what the head sees, with and without one', async () => {
  const vector = await net.embed(images[0]!);
  expect(vector).toBeInstanceOf(Float32Array);
  expect(vector.length).toBe(5);
  expect(await net.embed([images[0]!])).toEqual([vector]);
  const pooled = await net.activations(images[0]!, ['pool', 'conv1']);
  expect(pooled.conv1.shape).toEqual([1, 4, 4, 5]);
  expect(Float32Array.from(pooled.pool.dataSync())).toEqual(vector);
  tf.dispose(Object.values(pooled));
  const bare = classifier(0);
  expect((await bare.embed(images[0]!)).length).toBe(5);
  bare.dispose();
});

it('activations names the layers there are', async () => {
  await expect(net.activations(images[0]!, ['nothing'])).rejects.toThrow(/It has: image, conv1, relu, pool, fc/);
  await expect(net.activations(images[0]!, [])).rejects.toThrow(CnnzooError);
});
