import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model as makeModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  avgPool,
  batchNorm,
  buildModel,
  Classifier,
  CnnzooError,
  concat,
  conv,
  dropout,
  flatten,
  linear,
  load,
  maxPool,
  type Preprocessing,
  relu,
  residual,
  sameConv,
  saveStateDict,
  seq,
  sigmoid,
  stateDict,
  useBackend,
} from '../../src/index.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('cpu');
});

const preprocessing: Preprocessing = {
  resize: null,
  crop: [8, 8],
  channels: 3,
  mean: [0.5, 0.4, 0.3],
  std: [0.2, 0.2, 0.2],
  interpolation: 'bilinear',
};

/** Every kind of layer, with options that are not the defaults. */
const everyLayer = (): LayersModel =>
  buildModel(
    'every',
    seq({
      conv1: conv(4, [3, 1], { stride: [2, 1], padding: [1, 0], initial: 'kaiming_normal_fan_out' }),
      bn1: batchNorm({ eps: 1e-3, momentum: 0.3, initial: 'zeros' }),
      relu,
      block: residual(
        { conv1: sameConv(6, 3, { bias: false }) },
        { project: (channels) => conv(channels, 1, { bias: false }) },
      ),
      branches: concat([conv(2, 1, { bias: false }), maxPool(3, 1, 1), avgPool(3, 1, 1)]),
      sigmoid,
      flatten,
      drop: dropout(0.5),
      fc: linear(3, { initial: 'xavier_uniform' }),
    }),
    [8, 8, 3],
  );

const logits = (net: LayersModel): number[] =>
  tf.tidy(() => [...(net.apply(tf.randomNormal([2, 8, 8, 3], 0, 1, 'float32', 5)) as tf.Tensor).dataSync()]);

describe('save and load', () => {
  it.each([
    ['a directory', 'net', 'net/model.safetensors'],
    ['a file', 'net.safetensors', 'net.safetensors'],
  ])('gives the same net back from %s', async (_form, path, file) => {
    const categories = ['a', 'b', 'c'];
    const saved = new Classifier({ model: everyLayer(), preprocessing, categories, weights: 'MINE_V1' });
    await saved.save(join(directory, path));
    expect(existsSync(join(directory, file))).toBe(true);
    for (const source of [join(directory, path), pathToFileURL(join(directory, path))]) {
      const loaded = await load(source);
      expect(logits(loaded.model)).toEqual(logits(saved.model));
      expect([...(await stateDict(loaded))]).toEqual([...(await stateDict(saved))]);
      expect(loaded.preprocessing).toEqual(preprocessing);
      expect(loaded.categories).toEqual(categories);
      expect(loaded.weights).toBe('MINE_V1');
      expect(loaded.model.layers.map((layer) => layer.getConfig())).toEqual(
        saved.model.layers.map((layer) => layer.getConfig()),
      );
      loaded.dispose();
    }
    saved.dispose();
  });

  it('keeps a net with stock layers and a model inside', async () => {
    const image = input({ shape: [8, 8, 3] });
    const inner = everyLayer();
    const hidden = layers.dense({ units: 4, name: 'hidden', activation: 'relu' }).apply(inner.apply(image));
    const model = makeModel({ inputs: image, outputs: hidden as SymbolicTensor });
    const saved = new Classifier({ model, preprocessing, categories: null });
    await saved.save(join(directory, 'stock'));
    const loaded = await load(join(directory, 'stock'));
    expect(logits(loaded.model)).toEqual(logits(model));
    loaded.dispose();
    saved.dispose();
  });

  it('replaces a saved net whole', async () => {
    const path = join(directory, 'again');
    for (let i = 0; i < 2; i++) {
      const net = new Classifier({ model: everyLayer(), preprocessing, categories: null });
      await net.save(path);
      const loaded = await load(path);
      expect(logits(loaded.model)).toEqual(logits(net.model));
      loaded.dispose();
      net.dispose();
    }
    expect(readdirSync(path)).toEqual(['model.safetensors']);
  });

  it('says what is wrong with a file', async () => {
    const net = everyLayer();
    const bare = join(directory, 'bare.safetensors');
    await saveStateDict(net, bare);
    net.dispose();
    await expect(load(bare)).rejects.toThrow(/received weights alone/);
    const garbage = join(directory, 'garbage.safetensors');
    writeFileSync(garbage, 'not a safetensors file, whatever its name');
    for (const path of [garbage, join(directory, 'nowhere')]) await expect(load(path)).rejects.toThrow(CnnzooError);
  });

  it('refuses categories that do not match the classes', () => {
    const model = everyLayer();
    expect(() => new Classifier({ model, preprocessing, categories: ['a'] })).toThrow(/1 categories for 3 classes/);
    model.dispose();
  });
});
