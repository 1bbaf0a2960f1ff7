// Saved nets whose description is damaged, or made to harm: an error each, in little time and memory.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  type LayersModel,
  layers,
  model as makeModel,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  avgPool,
  batchNorm,
  buildModel,
  Classifier,
  CnnzooError,
  concat,
  conv,
  encodeSafetensors,
  flatten,
  linear,
  load,
  maxPool,
  openTensors,
  type Preprocessing,
  readStateDict,
  relu,
  residual,
  type StateDict,
  sameConv,
  seq,
  sigmoid,
  useBackend,
} from '../../src/index.js';
import { NETS, REFUSED_LAYERS, STOCK_LAYERS } from '../../src/zoo/saved-layers.js';

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

const own = (): LayersModel =>
  buildModel(
    'own',
    seq({
      conv1: sameConv(4, 3, { stride: 2 }),
      bn1: batchNorm(),
      relu,
      block: residual(
        { conv1: sameConv(6, 3, { bias: false }) },
        { project: (channels) => conv(channels, 1, { bias: false }) },
      ),
      branches: concat([conv(2, 1, { bias: false }), maxPool(3, 1, 1), avgPool(3, 1, 1)]),
      sigmoid,
      flatten,
      fc: linear(3),
    }),
    [8, 8, 3],
  );

/**
 * Layers of tfjs in a sequence, and that in a graph, applied twice: then tfjs keeps its weights when it disposes of the
 * graph.
 */
function nested(): LayersModel {
  const stem = sequential({
    name: 'stem',
    layers: [
      layers.conv2d({ inputShape: [8, 8, 3], filters: 3, kernelSize: 3, padding: 'same', name: 'conv' }),
      layers.batchNormalization({ name: 'bn' }),
      layers.zeroPadding2d({ padding: 1, name: 'pad' }),
      layers.cropping2D({
        cropping: [
          [1, 1],
          [1, 1],
        ],
        name: 'crop',
      } as never),
      layers.dropout({ rate: 0.5, name: 'drop' }),
    ],
  });
  const image = input({ shape: [8, 8, 3], name: 'image' });
  const twice = stem.apply(stem.apply(image)) as SymbolicTensor;
  const sum = layers.add({ name: 'add' }).apply([twice, image]) as SymbolicTensor;
  const pooled = layers.globalAveragePooling2d({ name: 'pool' }).apply(sum);
  const outputs = layers.dense({ units: 3, name: 'fc', activation: 'relu' }).apply(pooled) as SymbolicTensor;
  return makeModel({ inputs: image, outputs, name: 'nested' });
}

const inSequence = (): LayersModel =>
  sequential({
    name: 'in_sequence',
    layers: [
      layers.conv2d({ inputShape: [8, 8, 3], filters: 2, kernelSize: 3, name: 'conv' }),
      layers.flatten({ name: 'flat' }),
      layers.dense({ units: 3, name: 'fc' }),
    ],
  });

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Layer = { name: string; className: string; config: { [key: string]: Json }; inboundNodes: Json[] };
interface Saved {
  readonly config: { [key: string]: Json };
  readonly state: StateDict;
}

async function save(model: LayersModel): Promise<Saved> {
  const path = join(directory, 'whole.safetensors');
  const net = new Classifier({ model, preprocessing, categories: ['a', 'b', 'c'] });
  await net.save(path);
  net.dispose();
  const file = await openTensors(path);
  const config = JSON.parse(file.metadata['cnnzoo.config']!) as Saved['config'];
  await file.close();
  return { config, state: await readStateDict(path) };
}

/** The net of a file with that description: loaded, or the error. */
async function attempt(text: string, state: StateDict): Promise<Classifier | CnnzooError> {
  const path = join(directory, 'damaged.safetensors');
  writeFileSync(path, Buffer.concat([...encodeSafetensors(state, { 'cnnzoo.config': text })]));
  try {
    return await load(path);
  } catch (error) {
    if (!(error instanceof CnnzooError)) throw error;
    return error;
  }
}

/** What a description says: the order of fields, and of a graph's layers, is nothing, and null is a missing field to tfjs. */
function sorted(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const calls = value.every((each) => typeof each === 'object' && each !== null && 'inboundNodes' in each);
    const entries = calls ? value.toSorted((a, b) => ((a as Layer).name < (b as Layer).name ? -1 : 1)) : value;
    return entries.map(sorted);
  }
  const said = Object.keys(value).filter((key) => value[key] !== null);
  return Object.fromEntries(said.sort().map((key) => [key, sorted(value[key]!)]));
}

const VALUES: readonly Json[] = [
  ...[null, true, false, 0, -1, 2, 2.5, 2 ** 31, 2 ** 40, 1e308, '', 'x', '__proto__', 'constructor', '7'],
  ...[[], [1], [[['image', 0, 0, {}]]], {}, { className: 'Dense', config: {} }],
];

/** Every description that differs from the given one in a single place. */
function* mutations(value: Json): Generator<[what: string, mutated: Json]> {
  for (const other of VALUES) yield [`becomes ${JSON.stringify(other)}`, other];
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    yield ['is reversed', [...value].reverse()];
    yield ['has its first twice', [...value.slice(0, 1), ...value]];
    yield ['lacks its last', value.slice(0, -1)];
    for (const [i, entry] of value.entries())
      for (const [what, mutated] of mutations(entry)) yield [`${i}.${what}`, value.with(i, mutated)];
    return;
  }
  yield ['has one field more', { ...value, more: 1 }];
  for (const [key, entry] of Object.entries(value)) {
    const { [key]: _, ...rest } = value;
    yield [`${key} is missing`, rest];
    yield [`${key} is renamed`, { ...rest, [`${key}_`]: entry }];
    for (const [what, mutated] of mutations(entry)) yield [`${key}.${what}`, { ...value, [key]: mutated }];
  }
}

describe.each([
  ['own layers', own],
  ['a net inside a net, applied twice', nested],
  ['a sequence', inSequence],
])('a damaged description: %s', (_what, build) => {
  it('ends in our error, or in the very net that it describes', async () => {
    const { config, state } = await save(build());
    const loadedAsIs = await attempt(JSON.stringify(config), state);
    expect(loadedAsIs).toBeInstanceOf(Classifier);
    (loadedAsIs as Classifier).dispose();
    // Primes: every field has its turn with some of the values.
    const step = process.env.CNNZOO_SLOW === '1' ? 3 : 29;
    let count = 0;
    for (const [what, mutated] of mutations(config)) {
      if (count++ % step > 0 || JSON.stringify(mutated) === JSON.stringify(config)) continue;
      const result = await attempt(JSON.stringify(mutated), state);
      if (result instanceof CnnzooError) continue;
      const again = await save(result.model);
      expect(sorted(again.config.topology!), what).toEqual(sorted((mutated as Saved['config']).topology!));
      expect(again.state, what).toEqual(state);
    }
    if (build === nested) tf.disposeVariables();
  });
});

describe('a description made to harm', () => {
  const edited = async (edit: (layers: Layer[], config: Saved['config']) => void, build = own) => {
    const { config, state } = await save(build());
    const { topology } = config as unknown as { topology: { config: { layers: Layer[] } } };
    edit(topology.config.layers, config);
    return attempt(JSON.stringify(config), state);
  };
  const of = (list: Layer[], name: string): Layer => list.find((layer) => layer.name === name)!;

  it.each<[string, RegExp, (list: Layer[], config: Saved['config']) => void]>([
    [
      'an inbound layer that does not exist',
      /has no output 0 of call 0/,
      (list) => (of(list, 'relu').inboundNodes = [[['nowhere', 0, 0, {}]]]),
    ],
    [
      'a call that does not exist',
      /has no output 0 of call 7/,
      (list) => (of(list, 'relu').inboundNodes = [[['bn1', 7, 0, {}]]]),
    ],
    [
      'an output that does not exist',
      /has no output 3 of call 0/,
      (list) => (of(list, 'relu').inboundNodes = [[['bn1', 0, 3, {}]]]),
    ],
    ['a circle', /in a circle/, (list) => (of(list, 'conv1').inboundNodes = [[['relu', 0, 0, {}]]])],
    ['a layer on itself', /in a circle/, (list) => (of(list, 'conv1').inboundNodes = [[['conv1', 0, 0, {}]]])],
    [
      'an axis of 2^31, to which tfjs would count',
      /axis/,
      (list) => (list.find(({ className }) => className === 'Concatenate')!.config.axis = 2 ** 31),
    ],
    [
      'two layers of one name',
      /two layers are called "conv1"/,
      (list) => list.push(structuredClone(of(list, 'conv1'))),
    ],
    [
      'a name of every object',
      /expected a name that no object has/,
      (list) => {
        const layer = of(list, 'conv1');
        layer.name = '__proto__';
        layer.config.name = '__proto__';
      },
    ],
    ['a class that a net can not have', /is a "LSTM"/, (list) => (of(list, 'conv1').className = 'LSTM')],
    ['a class that is no layer', /is a "Adam"/, (list) => (of(list, 'conv1').className = 'Adam')],
    ['a class of nothing', /is a "Nothing"/, (list) => (of(list, 'conv1').className = 'Nothing')],
    [
      'a name of every object as a class',
      /is a "constructor"/,
      (list) => (of(list, 'conv1').className = 'constructor'),
    ],
    ['2^30 units', /fc.weight: expected \[1073741824, /, (list) => (of(list, 'fc').config.units = 2 ** 30)],
    [
      '2^20 filters',
      /branches.0.weight: expected \[1048576, /,
      (list) => (of(list, 'branches.0').config.filters = 2 ** 20),
    ],
    [
      '2^30 channels',
      /"image" gives \[8, 8, 1073741824\]/,
      (list) => (of(list, 'image').config.batchInputShape = [null, 8, 8, 2 ** 30]),
    ],
    [
      'an image of 2^40 pixels',
      /gives \[1048576, 1048576, 3\]/,
      (list) => (of(list, 'image').config.batchInputShape = [null, 2 ** 20, 2 ** 20, 3]),
    ],
    [
      'a padding of 2^30',
      /"conv1" is described wrongly \(padding.0\)/,
      (list) => (of(list, 'conv1').config.padding = [2 ** 30, 2 ** 30]),
    ],
    [
      'a stride of 0',
      /"conv1" is described wrongly \(stride.0\)/,
      (list) => (of(list, 'conv1').config.stride = [0, 0]),
    ],
    [
      'a function of every object',
      /"relu" is described wrongly \(activation\)/,
      (list) => (of(list, 'relu').config.activation = 'toString'),
    ],
    [
      'two inputs of a layer of one',
      /is applied to 2 inputs/,
      (list) =>
        (of(list, 'relu').inboundNodes = [
          [
            ['bn1', 0, 0, {}],
            ['conv1', 0, 0, {}],
          ],
        ]),
    ],
    [
      'a layer that nothing uses',
      /nothing uses the layer/,
      (list) =>
        list.push({
          name: 'free',
          className: 'cnnzoo.Activation',
          config: { name: 'free', trainable: true, activation: 'relu' },
          inboundNodes: [[['relu', 0, 0, {}]]],
        }),
    ],
    [
      'categories that are not one per class',
      /2 categories for 3 classes/,
      (_, config) => (config.categories = ['a', 'b']),
    ],
    ['a field of a later version', /later version: later/, (_, config) => (config.later = true)],
    [
      'a crop of 2^30 pixels',
      /preprocessing.crop/,
      (_, config) => ((config.preprocessing as { crop: number[] }).crop = [2 ** 15, 2 ** 15]),
    ],
  ])('%s', async (_what, message, edit) => {
    const result = await edited(edit);
    expect(result).toBeInstanceOf(CnnzooError);
    expect(String(result)).toMatch(message);
  });

  it('2^30 units of a layer of tfjs, and of one inside a net inside', async () => {
    const outside = await edited((list) => (of(list, 'fc').config.units = 2 ** 30), nested);
    expect(outside).toMatchObject({
      code: 'STATE_DICT',
      message: expect.stringContaining('fc.weight: expected [1073741824, 3]'),
    });
    const inside = await edited((list) => {
      const [convolution] = of(list, 'stem').config.layers as unknown as Layer[];
      convolution!.config.kernelSize = [2048, 2048];
    }, nested);
    expect(inside).toMatchObject({
      code: 'STATE_DICT',
      message: expect.stringContaining('stem.conv.weight: expected [3, 3, 2048, 2048]'),
    });
    const sequence = await edited((list) => (list[2]!.config.units = 2 ** 30), inSequence);
    expect(sequence).toMatchObject({
      code: 'STATE_DICT',
      message: expect.stringContaining('fc.weight: expected [1073741824, 72]'),
    });
    tf.disposeVariables();
  });

  it('nets inside nets without end, and each applied twice', async () => {
    const chain = (depth: number, times: number): Json => {
      const name = `net${depth}`;
      const calls = Array.from({ length: times }, (_, i) => [
        [i === 0 ? 'image' : `net${depth - 1}`, i, 0, {}],
      ]) as Json[];
      const image: Json = {
        name: 'image',
        className: 'InputLayer',
        config: { name: 'image', batchInputShape: [null, 8, 8, 3], dtype: 'float32', sparse: false },
        inboundNodes: [],
      };
      const inner: Json =
        depth === 0
          ? {
              name: 'net-1',
              className: 'Activation',
              config: { name: 'net-1', trainable: true, activation: 'relu' },
              inboundNodes: [[['image', 0, 0, {}]]],
            }
          : { name: `net${depth - 1}`, className: 'Model', config: chain(depth - 1, times), inboundNodes: calls };
      const last = depth === 0 ? 0 : times;
      return {
        name,
        layers: [image, inner],
        inputLayers: [['image', 0, 0]],
        outputLayers: [[`net${depth - 1}`, last, 0]],
      };
    };
    const { config, state } = await save(own());
    const loading = (depth: number, times: number) =>
      attempt(JSON.stringify({ ...config, topology: { className: 'Model', config: chain(depth, times) } }), state);
    expect(String(await loading(9, 1))).toMatch(/nets inside nets more than 8 deep/);
    expect(String(await loading(300, 1))).toMatch(/nets inside nets more than 8 deep/);
    expect(String(await loading(8, 8))).toMatch(/applies more than 32768 layers/);
  });

  it('text that is no JSON, or not of a saved net', async () => {
    const { state } = await save(own());
    for (const text of ['', '{', 'null', '[]', '7', '{"format":1}', `${'['.repeat(50_000)}${']'.repeat(50_000)}`])
      expect(await attempt(text, state), text.slice(0, 20)).toMatchObject({ code: 'FORMAT' });
  });
});

it('every layer of tfjs is either one that a saved net can have, or refused by name', () => {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const known = Object.entries(classNameMap).filter(
    ([name, [type]]) => type.prototype instanceof layers.Layer && !name.startsWith('cnnzoo.'),
  );
  expect(known.length).toBeGreaterThan(50);
  for (const [name] of known)
    expect([STOCK_LAYERS, REFUSED_LAYERS, NETS].filter((set) => set.has(name)).length, name).toBe(1);
});
