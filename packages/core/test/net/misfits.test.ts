// Batches that don't fit the net are refused before anything is computed of them; nets that are gone say so; and what fails
// leaves no tensor behind.
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, model as stockModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Batch, Dataset } from '../../src/data/dataset.js';
import {
  buildModel,
  Classifier,
  globalAvgPool,
  linear,
  relu,
  sameConv,
  seq,
  stateDict,
  summary,
  useBackend,
} from '../../src/index.js';
import { evaluate, fit, freeze, sgd, train } from '../../src/train.js';

const SIZE = 4;
const preprocessing = (channels: 1 | 3) =>
  ({
    resize: null,
    crop: [SIZE, SIZE] as const,
    channels,
    mean: [0.5, 0.5, 0.5].slice(0, channels),
    std: [0.25, 0.25, 0.25].slice(0, channels),
    interpolation: 'bilinear',
  }) as const;

function modelOf(height: number | null = SIZE): LayersModel {
  const net = buildModel('net', seq({ conv: sameConv(5, 3), relu, pool: globalAvgPool, fc: linear(3) }), [
    height,
    height,
    3,
  ]);
  net.setUserDefinedMetadata({ cnnzoo: { model: 'net', head: 'fc' } });
  return net;
}

/** A data set of one batch. */
const setOf = (shape: readonly number[], dtype: 'float32' | 'int32' = 'float32'): Dataset => ({
  size: 2,
  categories: ['a', 'b', 'c'],
  *batches(): Generator<Batch> {
    const x = tf.ones([...shape] as [number], dtype) as unknown as tf.Tensor4D;
    yield { x, y: tf.tensor1d([0, 1], 'int32') };
  },
});

async function trainOn(net: LayersModel, data: Dataset): Promise<void> {
  for await (const _ of train(net, data, { optimizer: sgd({ lr: 0.1 }), batchSize: 2 }));
}
const options = { optimizer: sgd({ lr: 0.1 }), batchSize: 2 };
const works: [string, (net: LayersModel, data: Dataset) => Promise<unknown>][] = [
  ['fit', (net, data) => fit(net, data, options)],
  ['fit on frozen features', (net, data) => fit(net, data, { ...options, freeze: 'backbone' })],
  ["fit's validation", (net, data) => fit(net, setOf([2, SIZE, SIZE, 3]), { ...options, validation: data })],
  ['train', trainOn],
  ['evaluate', evaluate],
];

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  let model: LayersModel;
  beforeAll(() => useBackend(backend));
  beforeEach(() => {
    model = modelOf();
  });
  afterEach(() => model.dispose());

  describe.each(works)('%s refuses', (_, work) => {
    it.each([
      [2, SIZE, SIZE, 1],
      [2, SIZE, SIZE, 2],
      [2, SIZE, SIZE, 4],
      [2, SIZE + 1, SIZE, 3],
      [2, SIZE, SIZE - 1, 3],
      [2, SIZE, SIZE * 3],
      [SIZE, SIZE, 3],
      [2, SIZE * SIZE * 3],
      [0, SIZE, SIZE, 3],
    ])('[%s, %s, %s, %s]', async (...shape) => {
      const tensors = tf.memory().numTensors;
      await expect(work(model, setOf(shape.filter((n) => n !== undefined)))).rejects.toMatchObject({
        code: 'SHAPE',
        message: expect.stringContaining('[n, 4, 4, 3]'),
      });
      expect(tf.memory().numTensors).toBe(tensors);
    });

    it('whole numbers, which nobody has normalised', async () => {
      await expect(work(model, setOf([2, SIZE, SIZE, 3], 'int32'))).rejects.toMatchObject({ code: 'INPUT' });
    });
  });

  it('any height and width are taken by a net that takes any, but not any channels', async () => {
    const any = modelOf(null);
    expect((await evaluate(any, setOf([2, 7, 9, 3]))).count).toBe(2);
    await expect(evaluate(any, setOf([2, 7, 9, 1]))).rejects.toThrow(/\[n, any, any, 3\]/);
    any.dispose();
  });

  it('a classifier whose preprocessing is not its net says so', async () => {
    const net = new Classifier({ model, preprocessing: preprocessing(1), categories: null });
    const image = tf.zeros([SIZE, SIZE, 1]) as tf.Tensor3D;
    const tensors = tf.memory().numTensors;
    const misfit = { code: 'SHAPE' };
    await expect(net.classify(image)).rejects.toMatchObject(misfit);
    await expect(net.embed([image])).rejects.toMatchObject(misfit);
    await expect(net.activations(image, ['conv'])).rejects.toMatchObject(misfit);
    expect(tf.memory().numTensors).toBe(tensors);
    image.dispose();
  });
});

it.each([[[]], [[1, 2, 3]], [['a', null, 'c']], ['abc'], [5]])(
  'a classifier refuses categories %o',
  async (categories) => {
    await useBackend('cpu');
    const model = modelOf();
    const parts = { model, preprocessing: preprocessing(3), categories: categories as never };
    expect(() => new Classifier(parts)).toThrow(/^Classifier: expected categories as a list of at least one label/);
    model.dispose();
  },
);

describe('a net of several inputs', () => {
  it('is refused', async () => {
    await useBackend('cpu');
    const inputs = ['a', 'b'].map((name) => layers.inputLayer({ inputShape: [2], name }).output as never);
    const output = layers.dense({ units: 2 }).apply(layers.concatenate().apply(inputs)) as never;
    const net = stockModel({ inputs, outputs: output });
    await expect(evaluate(net, setOf([2, 2]))).rejects.toMatchObject({ code: 'SHAPE' });
    net.dispose();
  });
});

describe('a net that was disposed of', () => {
  let net: Classifier;
  let image: tf.Tensor3D;
  beforeAll(() => useBackend('cpu'));
  beforeEach(() => {
    net = new Classifier({ model: modelOf(), preprocessing: preprocessing(3), categories: null });
    image = tf.zeros([SIZE, SIZE, 3]);
  });
  afterEach(() => {
    net.dispose();
    image.dispose();
  });

  it('may be disposed of again, by whichever way', () => {
    net.dispose();
    net.dispose();
    const other = new Classifier({ model: modelOf(), preprocessing: preprocessing(3), categories: null });
    other.model.dispose();
    other.dispose();
  });

  it.each<[string, () => unknown]>([
    ['classify', () => net.classify(image)],
    ['embed', () => net.embed(image)],
    ['activations', () => net.activations(image, ['conv'])],
    ['save', () => net.save('nowhere/net.safetensors')],
    ['fit', () => fit(net, setOf([2, SIZE, SIZE, 3]), options)],
    ['train', () => trainOn(net as unknown as LayersModel, setOf([2, SIZE, SIZE, 3]))],
    ['evaluate', () => evaluate(net, setOf([2, SIZE, SIZE, 3]))],
    ['stateDict', () => stateDict(net)],
    ['freeze', () => freeze(net, 'backbone')],
    ['summary', () => summary(net)],
  ])('%s says so', async (_, use) => {
    await net.embed(image);
    net.dispose();
    await expect((async () => use())()).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('disposed of'),
    });
  });

  it('while it answers: the answer is an error that says so', async () => {
    const answers = net.classify(new Array(40).fill(image));
    net.dispose();
    await expect(answers).rejects.toMatchObject({ code: 'INPUT', message: expect.stringContaining('disposed of') });
  });
});

/** Fails in the middle of a net. */
class Failing extends layers.Layer {
  static readonly className = 'Failing';

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    tf.add([inputs].flat()[0]!, 1);
    throw new Error('mine');
  }
}

describe('where a layer fails, no tensor is left behind by', () => {
  let net: Classifier;
  beforeAll(() => useBackend('cpu'));
  beforeEach(() => {
    const inner = modelOf();
    const [pooled] = [inner.getLayer('pool').output].flat();
    const failed = new Failing({ name: 'failing' }).apply(pooled!) as NonNullable<typeof pooled>;
    const logits = layers.dense({ units: 3, name: 'fc2' }).apply(failed) as typeof failed;
    const model = stockModel({ inputs: inner.inputs, outputs: logits });
    model.setUserDefinedMetadata({ cnnzoo: { model: 'failing', head: 'fc2' } });
    inner.getLayer('fc').dispose();
    net = new Classifier({ model, preprocessing: preprocessing(3), categories: null });
  });
  afterEach(() => net.dispose());

  it.each<[string, (image: tf.Tensor3D) => Promise<unknown>]>([
    ['classify', (image) => net.classify([image, image])],
    ['embed', (image) => net.embed(image)],
    ['activations', (image) => net.activations(image, ['conv', 'failing'])],
    ['evaluate', () => evaluate(net, setOf([2, SIZE, SIZE, 3]))],
    ['train', () => trainOn(net.model, setOf([2, SIZE, SIZE, 3]))],
    ['fit', () => fit(net, setOf([2, SIZE, SIZE, 3]), options)],
    ['fit on frozen features', () => fit(net, setOf([2, SIZE, SIZE, 3]), { ...options, freeze: 'backbone' })],
  ])('%s', async (_, work) => {
    const image = tf.zeros([SIZE, SIZE, 3]) as tf.Tensor3D;
    const tensors = tf.memory().numTensors;
    await expect(work(image)).rejects.toThrow('mine');
    expect(tf.memory().numTensors).toBe(tensors);
    image.dispose();
  });
});

describe('options that are not there are errors', () => {
  let net: Classifier;
  beforeAll(() => useBackend('cpu'));
  beforeEach(() => {
    net = new Classifier({ model: modelOf(), preprocessing: preprocessing(3), categories: null });
  });
  afterEach(() => net.dispose());

  it.each<[string, (options: object) => Promise<unknown>]>([
    ['classify', (wrong) => net.classify([], wrong)],
    ['embed', (wrong) => net.embed([], wrong)],
    ['activations', (wrong) => net.activations([], ['conv'], wrong)],
    ['evaluate', (wrong) => evaluate(net, setOf([2, SIZE, SIZE, 3]), wrong)],
    [
      'train',
      async (wrong) => {
        for await (const _ of train(net, setOf([2, SIZE, SIZE, 3]), { optimizer: sgd({ lr: 0.1 }), ...wrong }));
      },
    ],
  ])('of %s', async (_, work) => {
    for (const wrong of [{ top: 1 }, { batch_size: 3 }, { progres: false }])
      await expect(work(wrong)).rejects.toMatchObject({ code: 'INPUT', message: expect.stringContaining('no option') });
  });
});
