// Layers against PyTorch's numbers; tools/weights/torch/layers.py makes the golden.
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../../../test/close.js';
import {
  type AvgPoolOptions,
  adaptiveAvgPool,
  avgPool,
  batchNorm,
  buildModel,
  CnnzooError,
  type ConvOptions,
  conv,
  flatten,
  type Layer,
  type LocalResponseNormOptions,
  linear,
  loadStateDict,
  localResponseNorm,
  maxPool,
  type PoolOptions,
  padChannels,
  type StateTensor,
  stateDict,
  useBackend,
} from '../../src/index.js';

interface Listed {
  shape: number[];
  data: number[];
}
interface Case {
  x: Listed;
  y: Listed;
  dy: Listed;
  dx: Listed;
  state: Record<string, Listed>;
  gradients: Record<string, Listed>;
}
type Pool<Options> = Case & { options: { size: number; stride: number; padding: number } & Options };
interface ConvCase extends Case {
  kernel: number | [number, number];
  options: Omit<ConvOptions, 'initial' | 'biasInitial'>;
}
interface Goldens {
  batch_norm: {
    options: { eps?: number; momentum?: number };
    start: Record<string, Listed>;
    training: Case[];
    evaluation: Case;
  }[];
  conv: ConvCase[];
  grouped_conv: (ConvCase & { filters: number })[];
  max_pool: Pool<PoolOptions>[];
  avg_pool: Pool<AvgPoolOptions>[];
  adaptive_avg_pool: (Case & { size: number })[];
  local_response_norm: (Case & { options: Required<LocalResponseNormOptions> & { size: number } })[];
  linear: Case;
}

const goldens: Goldens = JSON.parse(readFileSync(new URL('goldens/layers.json', import.meta.url), 'utf8'));

const toState = (state: Record<string, Listed>): Record<string, StateTensor> =>
  Object.fromEntries(
    Object.entries(state).map(([key, { shape, data }]) => [
      `net.${key}`,
      { shape, dtype: 'float32' as const, data: Float32Array.from(data) },
    ]),
  );

let net: LayersModel | undefined;
afterEach(() => {
  net?.dispose();
  net = undefined;
});

/** A net of one layer called `net`, on inputs of the golden's shape. */
function build(layer: Layer, { shape }: Listed): LayersModel {
  if (shape.length === 4) {
    net = buildModel('net', (x) => layer(x, 'net'), shape.slice(1) as [number, number, number]);
  } else {
    const x = input({ shape: shape.slice(1) });
    net = model({ inputs: x, outputs: layer(x, 'net') as SymbolicTensor });
  }
  return net;
}

/** Output, gradient of the input and of every weight, against the golden. */
function check(net: LayersModel, { x, y, dy, dx, gradients }: Case, training: boolean): void {
  tf.tidy(() => {
    const input = tf.tensor(x.data, x.shape);
    const upstream = tf.tensor(dy.data, dy.shape);
    const cost = (image: tf.Tensor) => tf.sum(tf.mul(net.apply(image, { training }) as tf.Tensor, upstream));
    // A step changes running statistics, so each of the three runs begins with the same ones.
    const before = net.getWeights().map((weight) => tf.clone(weight));
    const output = net.apply(input, { training }) as tf.Tensor;
    expectClose(output, y);
    const after = net.getWeights().map((weight) => tf.clone(weight));
    net.setWeights(before);
    expectClose(tf.grad(cost)(input), dx);
    net.setWeights(before);
    if (Object.keys(gradients).length > 0) {
      const { grads } = tf.variableGrads(() => cost(input) as tf.Scalar);
      for (const [key, expected] of Object.entries(gradients)) {
        const gradient = Object.entries(grads).find(([name]) => name.replace(/_\d+$/, '') === `net/${key}`)![1];
        const rank = expected.shape.length;
        const torch =
          rank === 4 ? tf.transpose(gradient, [3, 2, 0, 1]) : rank === 2 ? tf.transpose(gradient) : gradient;
        expectClose(torch, expected);
      }
    }
    net.setWeights(after);
  });
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each(goldens.batch_norm.map((golden) => [golden.start.weight!.shape[0], golden.training[0]!.x.shape, golden]))(
    'BatchNorm of %d channels on [%s]: three steps, then evaluation',
    async (_channels, _shape, { options, start, training, evaluation }) => {
      const net = build(batchNorm(options), training[0]!.x);
      await loadStateDict(net, toState(start));
      for (const step of training) {
        check(net, step, true);
        const state = await stateDict(net);
        for (const key of ['running_mean', 'running_var']) {
          const { data, shape } = state.get(`net.${key}`)!;
          tf.tidy(() => expectClose(tf.tensor(data as Float32Array, [...shape]), step.state[key]!));
        }
      }
      check(net, evaluation, false);
    },
  );

  it.each(goldens.conv.map((golden) => [golden.kernel, golden.options, golden.x.shape, golden]))(
    'convolution %j %j on [%s]',
    async (kernel, options, _shape, golden) => {
      const net = build(conv(4, kernel, { padding: 0, bias: true, ...options }), golden.x);
      await loadStateDict(net, toState(golden.state));
      check(net, golden, false);
    },
  );

  it.each(goldens.grouped_conv.map((golden) => [golden.kernel, golden.options, golden.x.shape, golden]))(
    'grouped convolution %j %j on [%s]',
    async (kernel, options, _shape, golden) => {
      const net = build(conv(golden.filters, kernel, { padding: 0, bias: true, ...options }), golden.x);
      await loadStateDict(net, toState(golden.state));
      check(net, golden, false);
    },
  );

  it.each(goldens.max_pool)('max pooling $options on [$x.shape]', (golden) => {
    const { size, stride, padding, ...options } = golden.options;
    check(build(maxPool(size, stride, padding, options), golden.x), golden, false);
  });

  it.each(goldens.avg_pool)('average pooling $options on [$x.shape]', (golden) => {
    const { size, stride, padding, ...options } = golden.options;
    check(build(avgPool(size, stride, padding, options), golden.x), golden, false);
  });

  it.each(goldens.adaptive_avg_pool)('adaptive average pooling to $size on [$x.shape]', (golden) => {
    check(build(adaptiveAvgPool(golden.size), golden.x), golden, false);
  });

  it.each(goldens.local_response_norm)('local response normalisation $options', (golden) => {
    const { size, ...options } = golden.options;
    check(build(localResponseNorm(size, options), golden.x), golden, false);
  });

  it('linear', async () => {
    const net = build(linear(5), goldens.linear.x);
    await loadStateDict(net, toState(goldens.linear.state));
    check(net, goldens.linear, false);
  });

  it('flatten is channels first', () => {
    const net = build(flatten, { shape: [1, 2, 3, 2], data: [] });
    tf.tidy(() => {
      const chw = tf.range(0, 12);
      const hwc = tf.transpose(tf.reshape(chw, [1, 2, 2, 3]), [0, 2, 3, 1]);
      expect([...(net.apply(hwc) as tf.Tensor).dataSync()]).toEqual([...chw.dataSync()]);
    });
  });
});

describe('layers that make no sense', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it('are refused', () => {
    const on = (layer: Layer) => () => build(layer, { shape: [1, 6, 6, 8], data: [] });
    expect(on(conv(6, 3, { groups: 3 }))).toThrow("Layer 'net' has 3 groups, which don't divide its 8 input channels.");
    expect(() => conv(6, 3, { groups: 4 })).toThrow('expected groups that divide the 6 filters, received 4.');
    expect(() => conv(6, 3, { groups: 0 })).toThrow(CnnzooError);
    expect(() => maxPool(3, 2, 2)).toThrow('expected a padding of at most half the window of 3, received 2.');
    expect(on(avgPool(9))).toThrow(/window of 9 pixels over an input of 6/);
    expect(on(padChannels(4))).toThrow('expected at least the 8 channels of its input, received 4.');
    for (const size of [0, 1.5]) {
      expect(() => adaptiveAvgPool(size)).toThrow(CnnzooError);
      expect(() => localResponseNorm(size)).toThrow(CnnzooError);
    }
  });
});

describe('BatchNorm that is frozen', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  const freezes: Record<string, (net: LayersModel) => LayersModel | undefined> = {
    'by its own flag': (net) => {
      net.getLayer('net').trainable = false;
      return undefined;
    },
    "by its weights' flags": (net) => {
      for (const weight of net.getLayer('net').trainableWeights) weight.trainable = false;
      return undefined;
    },
    "by its model's flag": (net) => {
      net.trainable = false;
      return undefined;
    },
    'by the flag of a model inside another': (net) => {
      const image = input({ shape: [3, 3, 2] });
      const outer = model({ inputs: image, outputs: layers.flatten().apply(net.apply(image)) as SymbolicTensor });
      outer.getLayer(net.name).trainable = false;
      return outer;
    },
  };

  it.each(Object.entries(freezes))('%s uses its running statistics and keeps them', async (_how, freeze) => {
    const inner = build(batchNorm(), { shape: [2, 3, 3, 2], data: [] });
    const outer = freeze(inner);
    const before = [...(await stateDict(inner)).values()].map(({ data }) => [...(data as Float32Array)]);
    tf.tidy(() => {
      const x = tf.randomNormal([2, 3, 3, 2], 5, 3);
      const inTraining = inner.apply(x, { training: true }) as tf.Tensor;
      const inEvaluation = inner.apply(x, { training: false }) as tf.Tensor;
      expect([...inTraining.dataSync()]).toEqual([...inEvaluation.dataSync()]);
    });
    expect([...(await stateDict(inner)).values()].map(({ data }) => [...(data as Float32Array)])).toEqual(before);
    // Disposing of the outer model disposes of the inner one.
    net = outer ?? net;
  });

  it('refuses to train on one value per channel', () => {
    const net = build(batchNorm(), { shape: [1, 1, 1, 2], data: [] });
    expect(() => tf.tidy(() => net.apply(tf.ones([1, 1, 1, 2]), { training: true }) as tf.Tensor)).toThrow(
      /one value per channel in a training batch of one image/,
    );
  });
});
