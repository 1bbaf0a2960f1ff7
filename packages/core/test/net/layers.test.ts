import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  avgPool,
  batchNorm,
  buildModel,
  CnnzooError,
  concat,
  conv,
  dropout,
  flatten,
  globalAvgPool,
  type InputShape,
  type Layer,
  linear,
  localResponseNorm,
  maxPool,
  padChannels,
  Random,
  relu,
  residual,
  sameConv,
  seq,
  stateDict,
  useBackend,
} from '../../src/index.js';
import { withRandom } from '../../src/util/random.js';

beforeAll(async () => {
  await useBackend('cpu');
});

let net: LayersModel | undefined;
afterEach(() => {
  net?.dispose();
  net = undefined;
});

const build = (layer: Layer, shape: InputShape = [8, 8, 3]): LayersModel => {
  net = buildModel('net', layer, shape);
  return net;
};

const run = (model: LayersModel, shape: number[], training = false): { shape: number[]; data: number[] } =>
  tf.tidy(() => {
    const y = model.apply(tf.randomNormal(shape, 0, 1, 'float32', 1), { training }) as tf.Tensor;
    return { shape: y.shape, data: [...y.dataSync()] };
  });

describe('composition', () => {
  it('names layers by their path, numbered children in order', async () => {
    const twelve = Array.from({ length: 12 }, () => relu);
    const model = build(
      seq({ stem: seq([sameConv(4, 3, { bias: false }), ...twelve]), fc: seq([globalAvgPool, linear(2)]) }),
    );
    expect(model.layers.map(({ name }) => name)).toEqual([
      'image',
      ...Array.from({ length: 13 }, (_, i) => `stem.${i}`),
      'fc.0',
      'fc.1',
    ]);
    expect([...(await stateDict(model)).keys()]).toEqual(['stem.0.weight', 'fc.1.weight', 'fc.1.bias']);
  });

  it('joins branches along the channels', () => {
    const model = build(concat({ a: conv(2, 1, { bias: false }), b: sameConv(5, 3, { bias: false }) }));
    expect(model.outputShape).toEqual([null, 8, 8, 7]);
  });

  const block = (width: number, stride = 1) =>
    residual(
      { conv1: sameConv(width, 3, { stride, bias: false }) },
      { stride, project: (channels, s) => conv(channels, 1, { stride: s, bias: false }) },
    );

  it.each([
    ['same width', block(3), false],
    ['other width', block(4), true],
    ['stride alone', block(3, 2), true],
  ])('projects the shortcut where the shape changes: %s', async (_name, layer, projects) => {
    for (const shape of [
      [8, 8, 3],
      [null, null, 3],
    ] as const) {
      const model = build(seq({ block: layer }), shape);
      expect((await stateDict(model)).has('block.downsample.weight')).toBe(projects);
      expect(run(model, [1, 8, 8, 3]).data.every((value) => value >= 0)).toBe(true);
      model.dispose();
      net = undefined;
    }
  });

  it('takes any height and width where the net allows it', () => {
    const layer = seq([
      sameConv(4, 3, { stride: 2, bias: false }),
      batchNorm(),
      relu,
      maxPool(3, 2, 1),
      globalAvgPool,
      linear(3),
    ]);
    const model = build(layer, [null, null, 3]);
    for (const size of [
      [16, 16],
      [15, 22],
      [7, 9],
    ])
      expect(run(model, [2, ...size, 3]).shape).toEqual([2, 3]);
  });
});

describe('dropout', () => {
  it('zeroes the rate, scales the rest, and repeats with the generator', () => {
    const model = build(seq([dropout(0.25)]), [50, 50, 3]);
    const once = (seed: number) =>
      withRandom(new Random(seed), () =>
        tf.tidy(() => [...(model.apply(tf.ones([1, 50, 50, 3]), { training: true }) as tf.Tensor).dataSync()]),
      );
    const values = once(1);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    const share = values.filter((value) => value === 0).length / values.length;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.025);
    expect(once(1)).toEqual(values);
    expect(once(2)).not.toEqual(values);
  });

  it('passes its input on in evaluation, and the gradient of what it kept in training', () => {
    const model = build(seq([dropout(0.5)]), [4, 4, 3]);
    tf.tidy(() => {
      const x = tf.randomNormal([1, 4, 4, 3]);
      expect([...(model.apply(x, { training: false }) as tf.Tensor).dataSync()]).toEqual([...x.dataSync()]);
      const inTraining = withRandom(new Random(3), () => model.apply(x, { training: true }) as tf.Tensor);
      const gradient = tf.grad((t: tf.Tensor) =>
        withRandom(new Random(3), () => tf.sum(model.apply(t, { training: true }) as tf.Tensor)),
      )(x);
      expect([...tf.notEqual(inTraining, 0).dataSync()]).toEqual([...tf.notEqual(gradient, 0).dataSync()]);
    });
  });
});

describe('initial values', () => {
  const weightOf = async (layer: Layer, shape: InputShape, seed = 1) => {
    const model = withRandom(new Random(seed), () => build(seq({ net: layer }), shape));
    const data = (await stateDict(model)).get('net.weight')!.data as Float32Array;
    model.dispose();
    net = undefined;
    const std = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);
    return { std, max: data.reduce((max, x) => Math.max(max, Math.abs(x)), 0), data };
  };

  it.each([
    // Bounds and deviations from PyTorch's documentation of torch.nn.init.
    ['kaiming_normal_fan_out', Math.sqrt(2 / (9 * 64)), Number.POSITIVE_INFINITY],
    ['torch_default', 1 / Math.sqrt(9 * 32) / Math.sqrt(3), 1 / Math.sqrt(9 * 32)],
    ['xavier_uniform', Math.sqrt(6 / (9 * 96)) / Math.sqrt(3), Math.sqrt(6 / (9 * 96))],
    ['normal_0.01', 0.01, Number.POSITIVE_INFINITY],
  ] as const)('%s of a 3x3 convolution from 32 to 64 channels', async (initial, std, bound) => {
    const found = await weightOf(sameConv(64, 3, { initial, bias: false }), [4, 4, 32]);
    expect(Math.abs(found.std / std - 1)).toBeLessThan(0.02);
    expect(found.max).toBeLessThanOrEqual(Math.fround(bound));
    if (Number.isFinite(bound)) expect(found.max).toBeGreaterThan(0.99 * bound);
  });

  it('repeats with the generator', async () => {
    const drawn = async (seed: number) => (await weightOf(sameConv(4, 3, { bias: false }), [4, 4, 3], seed)).data;
    const first = await drawn(1);
    expect(await drawn(1)).toEqual(first);
    expect(await drawn(2)).not.toEqual(first);
  });
});

describe('what does not fit', () => {
  const fails = (make: () => unknown, code: string, message: RegExp) => {
    try {
      make();
    } catch (error) {
      expect(error).toBeInstanceOf(CnnzooError);
      expect((error as CnnzooError).code).toBe(code);
      expect((error as CnnzooError).message).toMatch(message);
      return;
    }
    expect.unreachable();
  };

  it('is refused with what to do', () => {
    fails(() => build(conv(4, 7), [5, 9, 3]), 'SHAPE', /window of 7 pixels over an input of 5/);
    fails(() => build(seq([flatten, linear(2)]), [null, 8, 3]), 'SHAPE', /fixed height and width/);
    fails(() => build(conv(4, 3), [8, 8] as unknown as InputShape), 'INPUT', /expected inputShape/);
    fails(() => build(conv(4, 3), [8, 0, 3]), 'INPUT', /received \[8,0,3\]/);
    fails(() => conv(0, 3), 'INPUT', /received 0/);
    fails(() => build(avgPool(9)), 'SHAPE', /window of 9 pixels/);
  });

  it('windows of no whole number of pixels are refused', () => {
    for (const make of [conv.bind(null, 2), maxPool, avgPool] as ((kernel: never) => Layer)[])
      for (const kernel of [0, -1, 2.5, Number.NaN, '3', undefined, {}] as never[])
        fails(() => build(make(kernel)), 'INPUT', /^Layer '.*': expected whole pixels/);
    for (const pool of [maxPool, avgPool]) {
      for (const stride of [0, -1, 0.5, Number.NaN]) fails(() => build(pool(2, stride)), 'INPUT', /whole pixels/);
      for (const padding of [-1, 0.5, Number.NaN, { padding: 1 } as never])
        fails(() => build(pool(2, 2, padding)), 'INPUT', /whole pixels/);
    }
    for (const options of [{ stride: 0 }, { stride: [1, 0.5] }, { padding: -1 }, { padding: 'same' }, { padding: [1] }])
      fails(() => build(conv(2, 3, options as never)), 'INPUT', /whole pixels/);
  });

  it('options that a layer does not have are refused', () => {
    fails(() => conv(2, 3, { strides: 2 } as never), 'INPUT', /no option 'strides'. Expected .*stride/);
    fails(() => batchNorm({ epsilon: 1e-3 } as never), 'INPUT', /no option 'epsilon'. Expected .*eps/);
    fails(() => linear(2, { biases: false } as never), 'INPUT', /no option 'biases'/);
    fails(() => maxPool(2, 2, 0, { ceil: true } as never), 'INPUT', /no option 'ceil'/);
    fails(() => avgPool(2, 2, 0, { ceil: true } as never), 'INPUT', /no option 'ceil'/);
    fails(() => localResponseNorm(5, { bias: 1 } as never), 'INPUT', /no option 'bias'/);
    fails(() => padChannels(5, { after: 1 } as never), 'INPUT', /no option 'after'/);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    expect(() => build(seq([sameConv(4, 3, { bias: false }), batchNorm(), conv(4, 11, { bias: false })]))).toThrow(
      CnnzooError,
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
