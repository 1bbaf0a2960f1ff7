// Weights that are stored as int8 with a scale per output channel.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lenet5_relu } from '@cnnzoo/lenet';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fromTensors } from '../../src/data.js';
import {
  batchNorm,
  buildModel,
  Classifier,
  conv,
  encodeSafetensors,
  globalAvgPool,
  linear,
  load,
  loadStateDict,
  openTensors,
  readStateDict,
  relu,
  type StateDict,
  saveStateDict,
  seq,
  stateDict,
  useBackend,
} from '../../src/index.js';
import { sgd, train } from '../../src/train.js';
import { sha256 } from './checkpoint.js';
import { useFixture } from './fixture.js';
import { serveFile } from './server.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-int8-'));
const at = (name: string): string => join(directory, name);
const fixture = useFixture();
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('cpu');
});

const narrow = { dtype: 'int8' } as const;

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

interface Parts {
  header: Record<string, Entry>;
  metadata: Record<string, string>;
  data: Buffer;
}

/** Reads a safetensors file by hand. */
function parse(path: string): Parts {
  const bytes = readFileSync(path);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...header } = JSON.parse(bytes.toString('utf8', 8, end));
  return { header, metadata, data: Buffer.from(bytes.subarray(end)) };
}

/** The values of a file by the formula of its metadata, as a reader without cnnzoo computes them. */
function valuesByHand(path: string): Map<string, Float32Array> {
  const { header, data } = parse(path);
  const bytesOf = ({ data_offsets: [from, to] }: Entry) => new Uint8Array(data.subarray(from, to)).buffer;
  const values = new Map<string, Float32Array>();
  for (const [key, entry] of Object.entries(header)) {
    if (key.endsWith('_scale')) continue;
    if (entry.dtype === 'F32') {
      values.set(key, new Float32Array(bytesOf(entry)));
      continue;
    }
    expect(entry.dtype).toBe('I8');
    const scale = header[`${key}_scale`]!;
    expect(scale).toMatchObject({ dtype: 'F32', shape: entry.shape.map((size, axis) => (axis === 0 ? size : 1)) });
    const scales = new Float32Array(bytesOf(scale));
    const row = entry.shape.slice(1).reduce((product, size) => product * size, 1);
    values.set(
      key,
      Float32Array.from(new Int8Array(bytesOf(entry)), (level, i) => level * scales[Math.floor(i / row)]!),
    );
  }
  return values;
}

/** Hashes of the values: `toEqual` takes seconds for a hundred thousand numbers. */
const hashesOf = (state: StateDict): Record<string, string> =>
  Object.fromEntries(Array.from(state, ([key, { data }]) => [key, sha256(new Uint8Array(data.buffer))]));

/** Multiplies output channel o of every kernel by 10^(o % 5 - 2), so that a scale of another axis would show. */
async function spread(model: LayersModel): Promise<StateDict> {
  const state = await stateDict(model);
  for (const { shape, data } of state.values()) {
    if (shape.length < 2) continue;
    const row = data.length / shape[0]!;
    const values = data as Float32Array;
    for (let i = 0; i < values.length; i++) values[i] = values[i]! * 10 ** ((Math.floor(i / row) % 5) - 2);
  }
  await loadStateDict(model, state);
  return stateDict(model);
}

function expectNear(received: StateDict, state: StateDict): void {
  expect([...received.keys()].sort()).toEqual([...state.keys()].sort());
  for (const [key, { shape, data }] of state) {
    const { data: values, ...rest } = received.get(key)!;
    expect(rest, key).toEqual({ shape, dtype: 'float32' });
    if (shape.length < 2) {
      expect(values, key).toEqual(data);
      continue;
    }
    const row = data.length / shape[0]!;
    for (let o = 0; o < shape[0]!; o++) {
      const channel = (data as Float32Array).subarray(o * row, (o + 1) * row);
      const half = (0.5 * Math.max(...channel.map(Math.abs))) / 127;
      let worst = 0;
      for (const [i, value] of channel.entries())
        worst = Math.max(worst, Math.abs((values[o * row + i] as number) - value));
      expect(worst, `${key}, channel ${o}`).toBeLessThanOrEqual(half * 1.00001);
    }
  }
}

const ours = () =>
  buildModel(
    'ours',
    seq({
      conv: conv(8, 3, { bias: false }),
      norm: batchNorm(),
      relu,
      grouped: conv(12, [3, 1], { groups: 4 }),
      depthwise: conv(12, 3, { groups: 12 }),
      point: conv(16, 1),
      pool: globalAvgPool,
      fc: linear(7),
    }),
    [12, 10, 3],
  );

/** Layers of tf.layers, of which some are in a model inside. */
const stock = () =>
  sequential({
    name: 'stock',
    layers: [
      layers.conv2d({ name: 'conv', filters: 6, kernelSize: [3, 2], inputShape: [12, 10, 3] }),
      layers.batchNormalization({ name: 'norm' }),
      sequential({
        name: 'inside',
        layers: [layers.flatten({ inputShape: [10, 9, 6] }), layers.dense({ name: 'hidden', units: 5 })],
      }),
      layers.dense({ name: 'fc', units: 7 }),
    ],
  });

describe.each([
  { name: "core's layers", build: ours, kernels: 5 },
  { name: "tf.layers' own and a model inside", build: stock, kernels: 3 },
])('$name', ({ name, build, kernels }) => {
  // tfjs leaves behind weights of a net inside a net.
  afterEach(() => tf.disposeVariables());
  const path = at(`${name.replaceAll(/\W/g, '')}.safetensors`);

  it('kernels and matrices have a scale per output channel, the rest is kept', async () => {
    const net = build();
    const state = await spread(net);
    await saveStateDict(net, path, { ...narrow, metadata: { made: 'here' } });
    const { header, metadata } = parse(path);
    expect(Object.values(header).filter(({ dtype }) => dtype === 'I8')).toHaveLength(kernels);
    expect(metadata.made).toBe('here');
    expect(JSON.parse(metadata['cnnzoo.quantization']!)).toMatchObject({
      format: 1,
      dtype: 'int8',
      scale: 'KEY_scale',
    });

    const read = await readStateDict(path);
    expectNear(read, state);
    for (const [key, values] of valuesByHand(path)) expect(read.get(key)!.data, key).toEqual(values);
    const other = build();
    expect((await loadStateDict(other, path)).ignored).toEqual([]);
    expect(await stateDict(other)).toEqual(new Map([...state.keys()].map((key) => [key, read.get(key)])));
    net.dispose();
    other.dispose();
  });

  it('a saved classifier is read back, and saved again it has the same file', async () => {
    const net = new Classifier({
      model: build(),
      preprocessing: {
        resize: null,
        crop: [12, 10],
        channels: 3,
        mean: [0, 0, 0],
        std: [1, 1, 1],
        interpolation: 'bilinear',
      },
      categories: null,
    });
    await net.save(at('once'), narrow);
    net.dispose();
    const first = await load(at('once'));
    const values = await stateDict(first);
    await first.save(at('twice'), narrow);
    first.dispose();
    const second = await load(at('twice/model.safetensors'));
    for (const [key, { data }] of await stateDict(second))
      for (const [i, value] of (data as Float32Array).entries())
        expect(Math.abs(value - (values.get(key)!.data[i] as number))).toBeLessThanOrEqual(2 ** -23 * Math.abs(value));
    second.dispose();
  });
});

it('a fine-tuned net of other classes has a quarter of the bytes, and gives the answers of its rounded weights', async () => {
  const net = await lenet5_relu.pretrained({ categories: ['odd', 'even', 'none'] });
  const images = tf.randomUniform<tf.Rank.R4>([4, 28, 28, 1], 0, 1, 'float32', 5);
  const labels = tf.tensor1d([0, 1, 2, 0], 'int32');
  const data = await fromTensors(images, labels, { categories: net.categories! });
  for await (const _ of train(net, data, { optimizer: sgd({ lr: 0.01 }), epochs: 1, batchSize: 4 }));
  await net.save(at('whole'));
  await net.save(at('tuned'), narrow);
  const [whole, small] = ['whole', 'tuned'].map((name) => statSync(at(`${name}/model.safetensors`)).size);
  expect(small! / whole!).toBeLessThan(0.3);
  const back = await load(at('tuned'));
  expect(back.categories).toEqual(net.categories);
  expectNear(await stateDict(back), await stateDict(net));
  const given = await lenet5_relu.pretrained({
    weights: 'MNIST_V1',
    from: at('tuned/model.safetensors'),
    numClasses: 3,
  });
  expect(given.loaded).toMatchObject({ head: 'kept', ignored: [] });
  expect(hashesOf(await stateDict(given))).toEqual(hashesOf(await stateDict(back)));
  for (const each of [net, back, given]) each.dispose();
  tf.dispose([images, labels]);
});

it.each(['float16', 'int8'] as const)(
  '%s: pretrained and load read a file and a URL, and know the entry',
  async (dtype) => {
    const net = await lenet5_relu.pretrained();
    await net.save(at(`${dtype}.safetensors`), { dtype });
    net.dispose();
    const bytes = readFileSync(at(`${dtype}.safetensors`));
    fixture.server.routes.set('/net.safetensors', serveFile(bytes));
    const url = `${fixture.server.url}/net.safetensors`;
    const states: StateDict[] = [];
    for (const weights of [at(`${dtype}.safetensors`), bytes, new Blob([bytes]), url]) {
      const each = await lenet5_relu.pretrained({ weights });
      expect(each).toMatchObject({ weights: 'MNIST_V1', loaded: { format: 'safetensors', head: 'kept', ignored: [] } });
      states.push(await stateDict(each));
      each.dispose();
    }
    for (const place of [at(`${dtype}.safetensors`), url]) {
      const each = await load(place);
      states.push(await stateDict(each));
      each.dispose();
    }
    const [first, ...others] = states.map(hashesOf);
    for (const other of others) expect(other).toEqual(first);
  },
);

it('openTensors names the stored type, and hides the scales and the scheme', async () => {
  const file = await openTensors(at('tuned/model.safetensors'));
  expect(file.tensors.get('0.weight')).toMatchObject({ stored: 'I8', dtype: 'float32', shape: [6, 1, 5, 5] });
  expect(file.tensors.get('0.bias')).toMatchObject({ stored: 'F32' });
  expect([...file.tensors.keys()].filter((key) => key.endsWith('_scale'))).toEqual([]);
  expect(Object.keys(file.metadata).sort()).toEqual(['cnnzoo.config', 'cnnzoo.model', 'cnnzoo.weights']);
  await file.close();
});

const tensor = (shape: number[], data: number[], dtype: 'float32' | 'float64' = 'float32') =>
  ({ shape, dtype, data: dtype === 'float32' ? Float32Array.from(data) : Float64Array.from(data) }) as never;
const encode = (state: StateDict): Buffer => Buffer.concat([...encodeSafetensors(state, {}, narrow)]);

describe('channels at the ends', () => {
  it.each([
    { name: 'all zero', row: [0, -0, 0], expected: [0, 0, 0] },
    { name: 'tiny', row: [1e-44, -1e-44, 0], expected: [0, 0, 0] },
    { name: 'huge', row: [2 ** 127, -(2 ** 127), 0], expected: [2 ** 127, -(2 ** 127), 0] },
    { name: 'of one sign', row: [1, 2, 127], expected: [1, 2, 127] },
    { name: 'of ties, to even', row: [0.5, 1.5, -2.5, 127], expected: [0, 2, -2, 127] },
  ])('$name', async ({ row, expected }) => {
    const shape = [2, row.length];
    for (const dtype of ['float32', 'float64'] as const) {
      const read = await readStateDict(encode(new Map([['w', tensor(shape, [...row, ...row.map(() => 1)], dtype)]])));
      const values = [...(read.get('w')!.data as Float32Array)].map((value) => value + 0);
      expect(values.slice(row.length)).toEqual(row.map(() => Math.fround(127 * Math.fround(1 / 127))));
      for (const [i, value] of expected.entries())
        expect(Math.abs(values[i]! - value), String(row[i])).toBeLessThanOrEqual(2 ** -23 * Math.abs(value));
    }
  });

  it('kernels without values, and matrices of one column', async () => {
    const state: StateDict = new Map([
      ['none', tensor([0, 3], [])],
      ['empty', tensor([2, 0], [])],
      ['column', tensor([3, 1], [1, -2, 3])],
    ]);
    const read = await readStateDict(encode(state));
    for (const [key, { shape, data }] of state) {
      expect(read.get(key), key).toMatchObject({ shape, dtype: 'float32' });
      expect([...(read.get(key)!.data as Float32Array)].map(Math.round), key).toEqual([...data]);
    }
  });
});

describe('is refused at saving', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38])('a weight of %s', async (value) => {
    const net = ours();
    const state = await stateDict(net);
    state.get('grouped.weight')!.data[20] = value;
    await loadStateDict(net, state);
    await expect(saveStateDict(net, at('refused.safetensors'), narrow)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(/'grouped\.weight' has the value (NaN|-?Infinity|3\d*).*dtype 'float32'/),
    });
    expect(readdirSync(directory)).not.toContain('refused.safetensors');
    net.dispose();
  });

  it.each([
    {
      fault: 'int8 already',
      state: [['a', { shape: [1], dtype: 'int8', data: Int8Array.of(1) }]],
      message: /'a' is int8/,
    },
    {
      fault: 'a key in the way',
      state: [
        ['a', tensor([1, 1], [1])],
        ['a_scale', tensor([1], [1])],
      ],
      message: /'a_scale' already/,
    },
  ])('$fault', ({ state, message }) => {
    expect(() => encode(new Map(state as never))).toThrow(message);
  });

  it.each(['cnnzoo.quantization', 'cnnzoo.layout'])(
    "metadata '%s' of the caller's, which would change what is read",
    async (name) => {
      const net = ours();
      await expect(saveStateDict(net, at('refused.safetensors'), { metadata: { [name]: 'tfjs' } })).rejects.toThrow(
        name,
      );
      net.dispose();
    },
  );

  it.each(['int4', 'uint8', 8])('dtype %s', (dtype) => {
    expect(() => [...encodeSafetensors(new Map(), {}, { dtype } as never)]).toThrow(/expected dtype/);
  });
});

describe('a damaged file is refused, and the net stays as it was', () => {
  const path = at('damaged.safetensors');

  /** Writes the file of a net with changed parts. */
  async function damage(change: (parts: Parts) => unknown): Promise<void> {
    const net = ours();
    await saveStateDict(net, at('sound.safetensors'), narrow);
    net.dispose();
    const parts = parse(at('sound.safetensors'));
    change(parts);
    const { header, metadata, data } = parts;
    const text = JSON.stringify({ __metadata__: metadata, ...header });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
    writeFileSync(path, Buffer.concat([length, Buffer.from(text), data]));
  }

  async function expectRefused(fault: object): Promise<void> {
    const net = ours();
    const before = await stateDict(net);
    await expect(loadStateDict(net, path)).rejects.toMatchObject(fault);
    expect(await stateDict(net)).toEqual(before);
    net.dispose();
  }

  const KEY = 'grouped.weight';
  const SCALE = `${KEY}_scale`;
  const renamed = ({ header }: Parts, to: string): void => {
    header[to] = header[SCALE]!;
    delete header[SCALE];
  };

  it.each([
    {
      fault: 'scales under another key',
      change: (parts: Parts) => renamed(parts, 'grouped.scale'),
      message:
        /'grouped.weight' as int8 \[12,2,3,1\]: expected its scales 'grouped.weight_scale' as F32 \[12,1,1,1\], received none/,
    },
    {
      fault: 'scales of another shape',
      change: ({ header }: Parts) => Object.assign(header[SCALE]!, { shape: [1, 12, 1, 1] }),
      message: /received F32 \[1,12,1,1\]/,
    },
    {
      fault: 'scales of rank 1',
      change: ({ header }: Parts) => Object.assign(header[SCALE]!, { shape: [12] }),
      message: /received F32 \[12\]/,
    },
    {
      fault: 'scales of another type',
      change: ({ header }: Parts) => Object.assign(header[SCALE]!, { dtype: 'I32' }),
      message: /received I32/,
    },
    {
      fault: 'a later version',
      change: ({ metadata }: Parts) => Object.assign(metadata, { 'cnnzoo.quantization': '{"format":2}' }),
      message: /received \{"format":2\}\. Update/,
    },
    {
      fault: 'a scheme that is no JSON',
      change: ({ metadata }: Parts) => Object.assign(metadata, { 'cnnzoo.quantization': 'int8' }),
      message: /received int8\. Update/,
    },
    {
      fault: 'a file that ends early',
      change: (parts: Parts) => Object.assign(parts, { data: parts.data.subarray(0, -1) }),
      message: /not a whole safetensors file/,
    },
  ])('$fault', async ({ change, message }) => {
    await damage(change);
    await expectRefused({ code: 'FORMAT', message: expect.stringMatching(message) });
    await expect(lenet5_relu.pretrained({ weights: path })).rejects.toMatchObject({ code: 'FORMAT' });
    await expect(readStateDict(readFileSync(path))).rejects.toMatchObject({ code: 'FORMAT' });
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 3e38])('a scale of %s', async (value) => {
    await damage(({ header, data }) => data.writeFloatLE(value, header[SCALE]!.data_offsets[0] + 4 * 5));
    await expectRefused({ code: 'FORMAT', message: expect.stringMatching(/among the scales of 'grouped\.weight'/) });
  });

  it('int8 weights of a foreign file, whose scales nobody states', async () => {
    await damage(({ metadata }) => void delete metadata['cnnzoo.quantization']);
    await expectRefused({
      code: 'STATE_DICT',
      message: expect.stringMatching(
        /Quantized weights.*grouped\.weight_scale.*grouped\.weight: expected floats, received int8/s,
      ),
    });
    // The tensors themselves can be read, as they are.
    expect((await readStateDict(path)).get(KEY)).toMatchObject({ dtype: 'int8', shape: [12, 2, 3, 1] });
  });

  it.each(['int8', 'uint8', 'int32', 'int64', 'bool'] as const)(
    'a foreign weight of %s alone, in a state dict',
    async (dtype) => {
      const net = lenet5_relu();
      const state = await stateDict(net);
      const { shape, data } = state.get('0.weight')!;
      const types = { int8: Int8Array, uint8: Uint8Array, int32: Int32Array, int64: BigInt64Array, bool: Uint8Array };
      state.set('0.weight', { shape, dtype, data: new types[dtype](data.length) } as never);
      const fault = {
        code: 'STATE_DICT',
        message: expect.stringContaining(`0.weight: expected floats, received ${dtype}`),
      };
      await expect(loadStateDict(net, state)).rejects.toMatchObject(fault);
      await expect(lenet5_relu.pretrained({ weights: 'MNIST_V1', from: state })).rejects.toMatchObject(fault);
      net.dispose();
    },
  );
});
