// Every number that a layer takes is checked where it is given, and again in the layer's class, which a file can name.
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import * as core from '../../src/index.js';
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  adaptiveAvgPool,
  avgPool,
  BatchNorm,
  batchNorm,
  buildModel,
  CnnzooError,
  Conv2d,
  conv,
  Dropout,
  dropout,
  GroupNorm,
  groupNorm,
  head,
  identity,
  type Layer,
  Linear,
  LocalResponseNorm,
  linear,
  localResponseNorm,
  MaxPool2d,
  maxPool,
  PadChannels,
  padChannels,
  residual,
  sameConv,
  stateDict,
  useBackend,
} from '../../src/index.js';

beforeAll(async () => {
  await useBackend('cpu');
});

type Make = (value: never) => unknown;
const NEVER = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '2', null, {}, [], [1, 2, 3], true];
const COUNTS = [...NEVER, 0, -1, 1.5];
const COUNTS_OR_NONE = [...NEVER, -1, 0.5];
const REALS = [...NEVER];

/** Builders, each with numbers that it refuses. */
const builders: Record<string, readonly [make: Make, refused: readonly unknown[]]> = {
  'conv, filters': [(value) => conv(value, 3), COUNTS],
  'conv, kernelSize': [(value) => conv(4, value), COUNTS],
  'conv, kernel width': [(value) => conv(4, [3, value]), COUNTS],
  'conv, stride': [(stride) => conv(4, 3, { stride }), COUNTS],
  'conv, dilation': [(dilation) => conv(4, 3, { dilation }), COUNTS],
  'conv, padding': [(padding) => conv(4, 3, { padding }), COUNTS_OR_NONE],
  'conv, groups': [(groups) => conv(4, 3, { groups }), COUNTS],
  'sameConv, filters': [(value) => sameConv(value, 3), COUNTS],
  'sameConv, kernelSize': [(value) => sameConv(4, value), [...COUNTS, 2, 4, [3, 2]]],
  'sameConv, stride': [(stride) => sameConv(4, 3, { stride }), COUNTS],
  'sameConv, dilation': [(dilation) => sameConv(4, 3, { dilation }), COUNTS],
  'sameConv, groups': [(groups) => sameConv(4, 3, { groups }), COUNTS],
  'linear, units': [(value) => linear(value), COUNTS],
  'head, numClasses': [(value) => head(value), COUNTS_OR_NONE],
  'maxPool, kernelSize': [(value) => maxPool(value), [...COUNTS, [2, 2]]],
  'maxPool, stride': [(value) => maxPool(2, value), [...COUNTS, [2, 2]]],
  'maxPool, padding': [(value) => maxPool(2, 2, value), [...COUNTS_OR_NONE, 2]],
  'avgPool, kernelSize': [(value) => avgPool(value), COUNTS],
  'avgPool, stride': [(value) => avgPool(2, value), COUNTS],
  'avgPool, padding': [(value) => avgPool(2, 2, value), [...COUNTS_OR_NONE, 2]],
  'adaptiveAvgPool, outputSize': [(value) => adaptiveAvgPool(value), COUNTS],
  'batchNorm, eps': [(eps) => batchNorm({ eps }), [...REALS, -1e-5]],
  'batchNorm, momentum': [(momentum) => batchNorm({ momentum }), [...REALS, -0.1, 1.1]],
  'groupNorm, groups': [(value) => groupNorm(value), COUNTS],
  'groupNorm, eps': [(eps) => groupNorm(2, { eps }), [...REALS, -1e-5]],
  'localResponseNorm, size': [(value) => localResponseNorm(value), COUNTS],
  'localResponseNorm, alpha': [(alpha) => localResponseNorm(5, { alpha }), REALS],
  'localResponseNorm, beta': [(beta) => localResponseNorm(5, { beta }), REALS],
  'localResponseNorm, k': [(k) => localResponseNorm(5, { k }), REALS],
  'dropout, rate': [(value) => dropout(value), [...REALS, -0.1, 1, 2]],
  'padChannels, channels': [(value) => padChannels(value), COUNTS],
  'padChannels, before': [(before) => padChannels(8, { before }), COUNTS_OR_NONE],
  'residual, stride': [(stride) => residual([identity], { stride, project: () => identity }), COUNTS],
};

const window = { kernelSize: 3, stride: 1, padding: 1, ceilMode: false };
const conv2d = {
  filters: 4,
  kernelSize: [3, 3],
  stride: [1, 1],
  padding: [1, 1],
  groups: 1,
  bias: true,
  initial: 'zeros',
  biasInitial: 'zeros',
} as const;

/** A class, arguments that it takes, and those of them that are numbers, with one that it can't take. */
const classes: readonly (readonly [type: { readonly className: string }, args: object, wrong: object])[] = [
  [Conv2d, conv2d, { filters: 0, kernelSize: [3, 0], stride: [0, 1], dilation: [1, 0], padding: [-1, 1], groups: 0 }],
  [Linear, { units: 2, initial: 'zeros', biasInitial: 'zeros' }, { units: 0 }],
  [MaxPool2d, window, { kernelSize: 0, stride: 0.5, padding: -1 }],
  [AvgPool2d, { ...window, countIncludePad: true }, { kernelSize: 0, stride: Number.NaN, padding: 2 }],
  [AdaptiveAvgPool2d, { outputSize: 2 }, { outputSize: 0 }],
  [BatchNorm, { eps: 1e-5, momentum: 0.1, initial: 'ones' }, { eps: -1, momentum: 2 }],
  [GroupNorm, { groups: 2, eps: 1e-5, initial: 'ones' }, { groups: 0, eps: Number.NaN }],
  [Dropout, { rate: 0.5 }, { rate: 1 }],
  [LocalResponseNorm, { size: 5, alpha: 1, beta: 1, k: 1 }, { size: 0, alpha: Number.NaN, beta: '1', k: null }],
  [PadChannels, { channels: 8, before: 0 }, { channels: 0, before: -1 }],
];

const refusal = (make: () => unknown): CnnzooError => {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(CnnzooError);
    return error as CnnzooError;
  }
  return expect.unreachable();
};

describe('a number that a layer can not take is refused where it is given', () => {
  it.each(Object.entries(builders))('%s', (name, [make, refused]) => {
    for (const value of refused) {
      const error = refusal(() => make(value as never));
      expect(error.code).toBe('INPUT');
      expect(error.message).toContain(name.split(',')[0]);
      expect(error.message).toMatch(/expected .*received/);
    }
  });
});

describe('a class that is given such a number refuses it too', () => {
  it.each(classes)('$className', (type, args, wrong) => {
    const Type = type as unknown as new (args: object) => unknown;
    expect(new Type({ name: 'whole', ...args })).toBeDefined();
    for (const [key, value] of Object.entries(wrong)) {
      const error = refusal(() => new Type({ name: 'path.of.it', ...args, [key]: value }));
      expect(error.code).toBe('INPUT');
      expect(error.message).toContain("'path.of.it'");
    }
  });
});

it('every class of ours that has numbers is in the table', () => {
  core.registerLayers();
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const ours = Object.keys(classNameMap).filter((name) => name.startsWith('cnnzoo.'));
  const withoutNumbers = ['cnnzoo.Activation', 'cnnzoo.Add'];
  expect(ours.filter((name) => !withoutNumbers.includes(name)).sort()).toEqual(
    classes.map(([{ className }]) => className).sort(),
  );
});

describe('initial values', () => {
  const build = (layer: Layer): LayersModel => buildModel('net', layer, [4, 4, 6]);

  it('come from a function, in tfjs layout', async () => {
    const seen: unknown[] = [];
    const layer = conv(4, [3, 1], {
      groups: 2,
      initial(shape, fans, random) {
        seen.push([...shape], fans, typeof random.fillUniform);
        return Float32Array.from({ length: 3 * 3 * 4 }, (_, i) => i);
      },
      biasInitial: ([units]) => new Float32Array(units!).fill(7),
    });
    const net = build((x) => layer(x, 'net'));
    expect(seen).toEqual([[3, 1, 3, 4], { fanIn: 9, fanOut: 12 }, 'function']);
    // PyTorch's order, [out, in, h, w]: the filters lie last in tfjs'.
    expect([...(await stateDict(net)).get('net.weight')!.data].slice(0, 3)).toEqual([0, 12, 24]);
    expect([...(await stateDict(net)).get('net.bias')!.data]).toEqual([7, 7, 7, 7]);
    expect(net.getLayer('net').getConfig()).toMatchObject({ initial: 'torch_default', biasInitial: 'torch_default' });
    net.dispose();
  });

  it('of a wrong length, class or value are refused, and nothing is left behind', () => {
    const before = tf.memory().numTensors;
    const wrong: [unknown, RegExp][] = [
      [new Float32Array(11), /0.weight: expected 12 finite values \(shape \[6,2\]\).*received 11 values/],
      [new Array(12).fill(0), /received an array/],
      [new Float32Array(12).fill(Number.NaN), /received NaN among them/],
      [undefined, /received undefined/],
    ];
    for (const [values, message] of wrong) {
      const layer = core.seq([linear(2, { initial: () => values as Float32Array })]);
      expect(refusal(() => build((x) => layer(core.globalAvgPool(x, 'pool'), ''))).message).toMatch(message);
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it('of an unknown name are refused with the list of names', () => {
    for (const make of [conv.bind(null, 2, 3), linear.bind(null, 2)])
      for (const options of [{ initial: 'he_normal' }, { biasInitial: 'he_normal' }])
        expect(refusal(() => make(options as never)).message).toMatch(
          /expected .* one of 'torch_default', 'kaiming_normal_fan_out', .*'ones' as .*, received 'he_normal'/,
        );
    for (const make of [batchNorm, groupNorm.bind(null, 2)])
      expect(refusal(() => make({ initial: 'torch_default' } as never)).message).toMatch(/'ones' or 'zeros'/);
  });
});

describe("words of PyTorch's", () => {
  it('have its defaults', async () => {
    const net = buildModel('net', core.seq([conv(4, 3), maxPool(3), core.flatten, linear(2)]), [11, 8, 3]);
    expect(net.layers.map(({ outputShape }) => outputShape)).toContainEqual([null, 9, 6, 4]);
    expect(net.layers.map(({ outputShape }) => outputShape)).toContainEqual([null, 3, 2, 4]);
    expect([...(await stateDict(net)).keys()]).toEqual(['0.weight', '0.bias', '3.weight', '3.bias']);
    net.dispose();
  });

  it('a linear layer without bias has none', async () => {
    const net = buildModel('net', core.seq([core.globalAvgPool, linear(2, { bias: false })]), [4, 4, 3]);
    expect([...(await stateDict(net)).keys()]).toEqual(['1.weight']);
    net.dispose();
  });

  it('and sameConv keeps the size at stride 1, whatever kernel and dilation', () => {
    for (const [kernel, dilation] of [
      [1, 1],
      [3, 1],
      [[5, 3], 1],
      [3, 2],
      [
        [1, 7],
        [1, 3],
      ],
    ] as const) {
      const net = buildModel('net', sameConv(2, kernel, { dilation }) as Layer, [9, 20, 3]);
      expect(net.outputShape).toEqual([null, 9, 20, 2]);
      net.dispose();
    }
  });
});
