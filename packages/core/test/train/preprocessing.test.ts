// A classifier is trained and evaluated on what `classify` shows it.
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import { cifar10, fromTensors, horizontalFlip, mnist, PixelsDataset, padAndCrop } from '../../src/data.js';
import {
  buildModel,
  Classifier,
  globalAvgPool,
  type InputShape,
  linear,
  Random,
  relu,
  sameConv,
  seq,
  useBackend,
} from '../../src/index.js';
import { crossEntropy, evaluate, fit, sgd, train } from '../../src/train.js';
import { withRandom } from '../../src/util/random.js';

function classifierOf([height, width, channels]: InputShape, resize: number | null = null, classes = 3): Classifier {
  const count = channels as 1 | 3;
  return new Classifier({
    model: withRandom(new Random(3), () =>
      buildModel('net', seq({ conv: sameConv(4, 3), relu, pool: globalAvgPool, fc: linear(classes) }), [
        height,
        width,
        count,
      ]),
    ),
    preprocessing: {
      resize,
      crop: [height!, width!],
      channels: count,
      mean: [0.485, 0.456, 0.406].slice(0, count),
      std: [0.229, 0.224, 0.225].slice(0, count),
      interpolation: 'bilinear',
    },
    categories: null,
  });
}

/** The mean loss, and the share of right answers, by what `classify` says of each image. */
async function byClassify(net: Classifier, images: tf.Tensor4D, labels: readonly number[]) {
  const list = tf.unstack(images) as tf.Tensor3D[];
  const answers = await net.classify(list, { topK: 10 });
  tf.dispose(list);
  const scores = answers.map((answer, i) => answer.find(({ index }) => index === labels[i])!.score);
  return {
    loss: scores.reduce((sum, score) => sum - Math.log(score), 0) / scores.length,
    top1: answers.filter(([best], i) => best!.index === labels[i]).length / labels.length,
  };
}

const LABELS = [0, 1, 2, 0, 1, 2, 0, 1];
let net: Classifier;
beforeAll(() => useBackend('cpu'));
afterEach(() => net.dispose());

/** Images whose brightness goes with the label, so that normalised otherwise they are other classes. */
function imagesOf(kind: 'int32' | 'float32', [h, w, c]: readonly [number, number, number]): tf.Tensor4D {
  const random = new Random(5);
  const values = LABELS.flatMap((label) =>
    Array.from({ length: h * w * c }, () => Math.round(80 * label + 90 * random.uniform())),
  );
  return kind === 'int32'
    ? tf.tensor4d(values, [LABELS.length, h, w, c], 'int32')
    : tf.tidy(() => tf.div(tf.tensor4d(values, [LABELS.length, h, w, c]), 255));
}

const labelsOf = () => tf.tensor1d(LABELS, 'int32');

describe.each(['int32', 'float32'] as const)('fromTensors of %s', (kind) => {
  it.each<[string, InputShape, readonly [number, number, number], number | null]>([
    ['of the size of the net', [6, 5, 3], [6, 5, 3], null],
    ['of another size', [6, 5, 3], [9, 12, 3], null],
    ['that are resized and cropped', [6, 6, 3], [9, 12, 3], 8],
    ['of grey for a net of colours', [6, 5, 3], [6, 5, 1], null],
    ['of colours for a grey net', [6, 5, 1], [6, 5, 3], null],
    ['with alpha', [6, 5, 3], [6, 5, 4], null],
  ])('%s: fit, evaluate and classify see the same', async (_, input, shape, resize) => {
    net = classifierOf(input, resize);
    const [images, y] = [imagesOf(kind, shape), labelsOf()];
    const data = await fromTensors(images, y);
    const [batch] = data.batches({ batchSize: LABELS.length, preprocessing: net.preprocessing });
    const list = tf.unstack(images) as tf.Tensor3D[];
    const seen = await net.preprocess(list);
    expect(batch!.x.shape).toEqual(seen.shape);
    expect(batch!.x.dataSync()).toEqual(seen.dataSync());
    tf.dispose([batch!.x, batch!.y, seen, ...list]);
    const { epochs } = await fit(net, data, {
      optimizer: sgd({ lr: 0.05, momentum: 0.9 }),
      epochs: 5,
      batchSize: 3,
      validation: data,
      seed: 1,
    });
    const [measured, said] = [await evaluate(net, data, { batchSize: 5 }), await byClassify(net, images, LABELS)];
    expect(measured.loss).toBeCloseTo(said.loss, 4);
    expect(measured.top1).toBe(said.top1);
    expect(epochs.at(-1)!.validation!.top1).toBe(said.top1);
    tf.dispose([images, y]);
  });
});

describe('what is no pixel', () => {
  beforeEach(() => {
    net = classifierOf([6, 5, 3]);
  });

  it.each([
    ['floats from 0 to 255', 200],
    ['normalised floats', -1.7],
  ])('%s are refused, with the way to say otherwise, by all that takes them', async (_, value) => {
    const [images, y] = [tf.fill([2, 6, 5, 3], value) as tf.Tensor4D, tf.tensor1d([0, 1], 'int32')];
    const data = await fromTensors(images, y);
    const options = { optimizer: sgd({ lr: 0.1 }) };
    const refusal = { code: 'INPUT', message: expect.stringContaining('normalized: true') };
    await expect(fit(net, data, options)).rejects.toMatchObject(refusal);
    await expect(fit(net, data, { ...options, freeze: ['conv'] })).rejects.toMatchObject(refusal);
    await expect(evaluate(net, data)).rejects.toMatchObject(refusal);
    const training = async () => {
      for await (const _ of train(net, data, { optimizer: sgd({ lr: 0.1 }) }));
    };
    await expect(training()).rejects.toMatchObject(refusal);
    // A model without a preprocessing takes them as they are.
    expect((await evaluate(net.model, data)).count).toBe(2);
    tf.dispose([images, y]);
  });

  it('images that are normalised already are taken as they are, where that is said', async () => {
    const [images, y] = [imagesOf('int32', [6, 5, 3]), labelsOf()];
    const list = tf.unstack(images) as tf.Tensor3D[];
    const x = await net.preprocess(list);
    const [ready, raw] = [await fromTensors(x, y, { normalized: true }), await fromTensors(images, y)];
    expect(await evaluate(net, ready)).toEqual(await evaluate(net, raw));
    expect(await ready.fingerprint()).not.toBe(await (await fromTensors(x, y)).fingerprint());
    expect((await evaluate(net, ready.first(3))).count).toBe(3);
    for (const more of [{ mean: [0, 0, 0] }, { std: [1, 1, 1] }])
      await expect(fromTensors(x, y, { normalized: true, ...more })).rejects.toMatchObject({ code: 'INPUT' });
    await expect(fromTensors(images, y, { normalized: true })).rejects.toMatchObject({ code: 'INPUT' });
    await expect(fromTensors(x, y, { normalised: true } as object)).rejects.toThrow(/no option 'normalised'/);
    tf.dispose([images, x, y, ...list]);
  });

  it('values that are not finite are refused, by the place of their image', async () => {
    const y = tf.tensor1d([0, 1], 'int32');
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const images = tf.tensor4d([1, 2, value, 4], [2, 1, 2, 1]);
      await expect(fromTensors(images, y)).rejects.toThrow(/in image 1/);
      images.dispose();
    }
    y.dispose();
  });
});

it("the published sets pass a classifier's own normalisation, and their own only where it has none", async () => {
  net = classifierOf([32, 32, 3], null, 10);
  const bytes = Uint8Array.from({ length: 4 * 3073 }, (_, i) => (i % 3073 === 0 ? i / 3073 : (i * 31) % 256));
  const cifar = await cifar10([bytes], { split: 'test' });
  const own: Dataset = new PixelsDataset({
    pixels: Uint8Array.from({ length: 4 * 3072 }, (_, i) => {
      const [image, at] = [Math.floor(i / 3072), i % 3072];
      return bytes[image * 3073 + 1 + (at % 3) * 1024 + Math.floor(at / 3)]!;
    }),
    shape: [32, 32, 3],
    labels: Uint8Array.of(0, 1, 2, 3),
    categories: cifar.categories,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  });
  expect(await evaluate(net, cifar)).toEqual(await evaluate(net, own));
  expect((await evaluate(net.model, cifar)).loss).not.toBeCloseTo((await evaluate(net, cifar)).loss, 3);
  expect((await evaluate(net.model, own)).loss).not.toBeCloseTo((await evaluate(net.model, cifar)).loss, 3);

  const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 90, 180, 255);
  const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7);
  const options = { mean: 0.9, std: 0.1, split: 'test' } as const;
  const digits = await mnist({ images, labels }, options);
  const loss = crossEntropy();
  // Other deviations of the set change nothing; the digit becomes 32 x 32 and RGB.
  expect(await evaluate(net, digits, { loss })).toEqual(
    await evaluate(net, await mnist({ images, labels }, { split: 'test' }), { loss }),
  );
});

it('images are augmented first, and those that have the size of the net by then keep it', async () => {
  net = classifierOf([6, 6, 3], 8);
  const [images, y] = [imagesOf('float32', [6, 6, 3]), labelsOf()];
  const data = await fromTensors(images, y);
  const batchOf = (transform: ReturnType<typeof padAndCrop>) => {
    const augment = { transform, random: new Random(1) };
    const [batch] = data.batches({ batchSize: 8, preprocessing: net.preprocessing, augment });
    batch!.y.dispose();
    return batch!.x;
  };
  const flipped = batchOf(horizontalFlip(1));
  const list = tf.unstack(images) as tf.Tensor3D[];
  const { preprocessing } = net;
  const plain = new Classifier({
    ...net,
    model: net.model,
    preprocessing: { ...preprocessing, resize: 6 },
    weights: 'none',
  });
  const seen = await plain.preprocess(list);
  const expected = tf.reverse(seen, 2);
  expect(flipped.dataSync()).toEqual(expected.dataSync());
  const cropped = batchOf(padAndCrop(2));
  expect(cropped.shape).toEqual([8, 6, 6, 3]);
  tf.dispose([images, y, flipped, seen, expected, cropped, ...list]);
});
