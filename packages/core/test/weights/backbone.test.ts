// Weights of nets whose head is more than one layer, or that have heads for the loss beside it.
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  adaptiveAvgPool,
  type BuildOptions,
  type Classifier,
  defineModel,
  defineWeights,
  flatten,
  globalAvgPool,
  head,
  identity,
  linear,
  load,
  relu,
  type StateDict,
  sameConv,
  seq,
  stateDict,
  useBackend,
  type WeightsInfo,
} from '../../src/index.js';
import { safetensors } from './checkpoint.js';
import { pathOf, published, useFixture } from './fixture.js';
import { serveFile } from './server.js';

const fixture = useFixture();
const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
beforeAll(async () => {
  await useBackend('cpu');
  tf.scalar(0).dispose();
});
beforeEach(() => {
  warnings.mockClear();
});
const made: Classifier[] = [];
afterEach(() => {
  for (const net of made.splice(0)) net.dispose();
});
const keep = (net: Classifier): Classifier => {
  made.push(net);
  return net;
};

const tensor = (shape: number[], seed: number) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(seed + i * 1.7)),
});
const BODY = { 'features.weight': tensor([5, 3, 3, 3], 0), 'features.bias': tensor([5], 1) };
/** 5 channels of 2 x 2 pixels, seen by 6 units. */
const HIDDEN = { 'classifier.0.weight': tensor([6, 20], 2), 'classifier.0.bias': tensor([6], 3) };
const LAST = { 'classifier.2.weight': tensor([4, 6], 4), 'classifier.2.bias': tensor([4], 5) };
const NAN_HEAD = { 'classifier.0.weight': { shape: [6, 20], data: new Float32Array(120).fill(Number.NaN) } };

const LABELS = ['cat', 'dog', 'owl', 'yak'];
const facts: Omit<WeightsInfo, 'sources' | 'categories'> = {
  parameters: 0,
  fileSize: 0,
  minSize: [1, 1],
  metrics: { values: {}, measuredBy: 'nobody' },
  preprocessing: {
    resize: null,
    crop: [8, 8],
    channels: 3,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    interpolation: 'bilinear',
  },
  licence: 'MIT',
  recipe: 'none',
};

interface SmallOptions extends BuildOptions {
  aux?: boolean;
}

/** A VGG in small. */
function small() {
  const { server } = fixture;
  const whole = safetensors({
    ...BODY,
    ...HIDDEN,
    ...LAST,
    'aux.weight': tensor([4, 5], 6),
    'aux.bias': tensor([4], 7),
  });
  const body = safetensors({ ...BODY, ...NAN_HEAD });
  const [first, second] = [published(server.url, whole, 'whole'), published(server.url, body, 'body')];
  server.routes.set(pathOf(first), serveFile(whole));
  server.routes.set(pathOf(second), serveFile(body));
  const features = sameConv(5, 3);
  return defineModel({
    name: 'small',
    head: 'classifier.2',
    auxiliaryHeads: ['aux'],
    inputShape: [8, 8, 3],
    numClasses: 4,
    weights: defineWeights(
      {
        WHOLE: { ...facts, sources: [first], categories: LABELS, mayDrop: ['aux.'] },
        BODY: { ...facts, sources: [second], categories: null, isBackbone: true },
      },
      'WHOLE',
      { renamed: { 'pre.fc': 'classifier.0', 'top.fc': 'classifier.2' } },
    ),
    net:
      ({ numClasses, aux = false }: SmallOptions & { numClasses: number }) =>
      (image, path) => {
        const map = seq({ features })(image, path);
        const logits = seq({
          pool: adaptiveAvgPool(2),
          flatten,
          classifier: seq([linear(6), relu, head(numClasses)]),
        })(map, path);
        return aux ? [logits, seq({ mean: globalAvgPool, aux: head(numClasses) })(map, path)] : logits;
      },
    backbone: {
      replaces: 'classifier',
      head: 'head',
      net: ({ numClasses }) => seq({ features, mean: globalAvgPool, head: head(numClasses) }),
    },
  });
}

const values = (state: StateDict, key: string): number[] => Array.from(state.get(key)!.data as Float32Array);
const image = (): tf.Tensor3D =>
  tf.tensor3d(
    Float32Array.from({ length: 192 }, (_, i) => ((i * 37) % 256) / 255),
    [8, 8, 3],
  );

describe('weights of a backbone alone', () => {
  const sources: Record<string, object> = {
    'an entry that says so': { weights: 'BODY' },
    'a file without a classifier': { weights: safetensors(BODY) },
  };

  it.each(Object.entries(sources))('%s: ask for the new head', async (_, source) => {
    const model = small();
    await expect(model.pretrained(source)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(/backbone's.*Expected numClasses or categories.*numClasses: 0/),
    });
    expect(fixture.server.seen).toEqual([]);
  });

  it.each(Object.entries(sources))('%s: one linear layer on the mean over the last map', async (_, source) => {
    const net = keep(await small().pretrained({ ...source, categories: ['a', 'b', 'c'], freeze: 'backbone' }));
    const state = await stateDict(net);
    expect([...state.keys()].sort()).toEqual(['features.bias', 'features.weight', 'head.bias', 'head.weight']);
    expect(state.get('head.weight')!.shape).toEqual([3, 5]);
    expect(values(state, 'features.weight')).toEqual(Array.from(BODY['features.weight'].data));
    expect(net.categories).toEqual(['a', 'b', 'c']);
    const trainable = net.model.trainableWeights.map(({ originalName }) => originalName);
    expect(trainable.sort()).toEqual(['head/bias', 'head/weight']);
    const x = image();
    const [predictions, vector] = [await net.classify(x), await net.embed(x)];
    expect(predictions.length).toBe(3);
    const { features } = await net.activations(x, ['features']);
    const mean = tf.tidy(() => tf.mean(features, [0, 1, 2]).dataSync());
    for (const [i, value] of vector.entries()) expect(value).toBeCloseTo(mean[i]!, 5);
    tf.dispose([x, features]);
  });

  it.each(Object.entries(sources))('%s: with numClasses 0 embeds, and refuses to classify', async (_, source) => {
    const net = keep(await small().pretrained({ ...source, numClasses: 0 }));
    const x = image();
    expect((await net.embed(x)).length).toBe(5);
    await expect(net.classify(x)).rejects.toMatchObject({ code: 'INPUT' });
    x.dispose();
  });

  it('are prepared for as the entry of a backbone says, where a file has no head and no name', async () => {
    const { weights } = keep(await small().pretrained({ weights: safetensors(BODY), numClasses: 2 }));
    expect(weights).toBe('BODY');
    const whole = safetensors({ ...BODY, ...HIDDEN, ...LAST });
    expect(keep(await small().pretrained({ weights: whole })).weights).toBe('WHOLE');
  });

  it('comes back from a saved file', async () => {
    const net = keep(await small().pretrained({ weights: 'BODY', categories: ['a', 'b'] }));
    const path = join(fixture.directory, 'saved');
    await net.save(path);
    const loaded = keep(await load(path));
    const x = image();
    expect(await loaded.classify(x)).toEqual(await net.classify(x));
    expect(await loaded.embed(x)).toEqual(await net.embed(x));
    x.dispose();
  });

  it('is none where part of the classifier is there: strict as ever', async () => {
    const file = safetensors({ ...BODY, ...HIDDEN });
    await expect(small().pretrained({ weights: file })).rejects.toThrow(/classifier\.2\.weight/);
  });
});

describe('weights with other names', () => {
  it('are read, a linear layer stored as a convolution too', async () => {
    const file = safetensors({
      ...BODY,
      'pre.fc.weight': { shape: [6, 5, 2, 2], data: HIDDEN['classifier.0.weight'].data },
      'pre.fc.bias': HIDDEN['classifier.0.bias'],
      'top.fc.weight': LAST['classifier.2.weight'],
      'top.fc.bias': LAST['classifier.2.bias'],
    });
    const model = small();
    const [net, same] = [keep(await model.pretrained({ weights: file })), keep(await model.pretrained())];
    expect(await stateDict(net)).toEqual(await stateDict(same));
  });

  it('are read so from the cache', async () => {
    const { server } = fixture;
    const hub = safetensors({
      ...BODY,
      'pre.fc.weight': { shape: [6, 5, 2, 2], data: HIDDEN['classifier.0.weight'].data },
      'pre.fc.bias': HIDDEN['classifier.0.bias'],
      'top.fc.weight': LAST['classifier.2.weight'],
      'top.fc.bias': LAST['classifier.2.bias'],
    });
    const source = published(server.url, hub, 'hub');
    server.routes.set(pathOf(source), serveFile(hub));
    const model = small();
    const weights = defineModel({
      name: 'small',
      net: () => identity,
      head: 'classifier.2',
      inputShape: [8, 8, 3],
      numClasses: 4,
      weights: defineWeights({ HUB: { ...facts, sources: [source], categories: LABELS } }, 'HUB'),
    }).weights.HUB;
    for (let round = 0; round < 2; round++) {
      const net = keep(await model.pretrained({ weights }));
      expect(values(await stateDict(net), 'classifier.0.weight')).toEqual(
        Array.from(HIDDEN['classifier.0.weight'].data),
      );
    }
    expect(server.seen.length).toBe(1);
  });
});

describe('auxiliary heads', () => {
  it('are left out, or loaded where they are asked for', async () => {
    const model = small();
    const [plain, both] = [keep(await model.pretrained()), keep(await model.pretrained({ aux: true }))];
    expect(plain.model.outputs.length).toBe(1);
    expect(both.model.outputs.length).toBe(2);
    expect(values(await stateDict(both), 'aux.bias')).toEqual(Array.from(tensor([4], 7).data));
    const x = image();
    expect(await both.classify(x)).toEqual(await plain.classify(x));
    expect(await both.embed(x)).toEqual(await plain.embed(x));
    x.dispose();
  });

  it('are fresh where the head is, and train where the backbone is frozen', async () => {
    const net = keep(await small().pretrained({ aux: true, numClasses: 2, freeze: 'backbone' }));
    expect((await stateDict(net)).get('aux.weight')!.shape).toEqual([2, 5]);
    const trainable = net.model.trainableWeights.map(({ originalName }) => originalName);
    expect(trainable.sort()).toEqual(['aux/bias', 'aux/weight', 'classifier.2/bias', 'classifier.2/weight']);
  });
});

it('a net without published weights says so', async () => {
  const model = defineModel({
    name: 'alone',
    head: 'fc',
    inputShape: [8, 8, 3],
    numClasses: 2,
    weights: defineWeights({}),
    net: ({ numClasses }) => seq({ pool: globalAvgPool, fc: head(numClasses) }),
  });
  for (const options of [{}, { weights: safetensors(BODY), numClasses: 2 }])
    await expect(model.pretrained(options)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining("no published weights of 'alone'"),
    });
});
