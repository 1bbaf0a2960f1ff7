import type { Values } from './run-kernel.js';

/** Call that a kernel computes, and changes that make it a call the kernel has to refuse. */
export interface Operands {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, Values>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  /** Changed inputs or attributes, by a description of the fault. undefined leaves one out. */
  readonly wrong: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export const floats = (...shape: number[]): Values => ({
  shape,
  values: new Float32Array(shape.reduce((product, extent) => product * extent, 1)).map((_, i) => Math.sin(i) + 0.1),
});

const positive = (...shape: number[]): Values => ({ shape, values: floats(...shape).values.map(() => 0.5) });

export const integers = (...shape: number[]): Values => ({
  shape,
  values: new Int32Array(shape.reduce((product, extent) => product * extent, 1)),
});

const SAME = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1] };
const OWN = {
  stride: [1, 1],
  padding: [
    [1, 1],
    [1, 1],
  ],
  dilation: [1, 1],
  groups: 1,
};

const WRONG_STOCK = {
  'no strides': { strides: undefined },
  'a stride of 0': { strides: [0, 1] },
  'a fraction of a stride': { strides: [1.5, 1] },
  'a dilation of 0': { dilations: [0, 1] },
  'a negative pad': { pad: -1 },
  'a pad that does not exist': { pad: 'half' },
  'another data format': { dataFormat: 'NCHW' },
};

const WRONG_OWN = {
  'no stride': { stride: undefined },
  'one stride for both': { stride: 1 },
  'a stride of 0': { stride: [0, 1] },
  'a dilation of 0': { dilation: [1, 0] },
  'three strides': { stride: [1, 1, 1] },
  'a negative padding': {
    padding: [
      [-1, 0],
      [0, 0],
    ],
  },
  'half a padding': { padding: [[1, 1]] },
  'groups that do not divide': { groups: 2 },
  'no groups': { groups: 0 },
};

const WRONG_POOL = {
  'no stride': { stride: undefined },
  'a stride of 0': { stride: [1, 0] },
  'no kernel': { kernelSize: undefined },
  'a kernel of 0': { kernelSize: [0, 1] },
  'a kernel larger than the map': { kernelSize: [9, 9] },
  'a negative padding': {
    padding: [
      [0, 0],
      [0, -1],
    ],
  },
};

const WRONG_STOCK_POOL = {
  'no strides': { strides: undefined },
  'a stride of 0': { strides: 0 },
  'no window': { filterSize: undefined },
  'a window of 0': { filterSize: [2, 0] },
  'a pad that does not exist': { pad: 'half' },
};

const NORM = { eps: 1e-5, activation: 'linear' };
const WRONG_NORM = {
  'no eps': { eps: undefined },
  'an eps of NaN': { eps: Number.NaN },
  'an activation that does not exist': { activation: 'constructor' },
};

const x = floats(2, 5, 4, 3);
const filter = floats(3, 3, 3, 2);
const dy = floats(2, 5, 4, 2);
const map = floats(2, 4, 4, 3);
const pooled = floats(2, 2, 2, 3);
const c = floats(3);
const pool = {
  kernelSize: [2, 2],
  stride: [2, 2],
  padding: [
    [0, 0],
    [0, 0],
  ],
};
const stockPool = { filterSize: [2, 2], strides: [2, 2], pad: 'valid' };
const sgd = { lr: 0.1, momentum: 0.9, nesterov: false, weightDecay: 0 };
const adamW = { lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0, step: 1 };

const wrongX = (channels: string) => ({
  'fewer channels': { x: floats(2, 5, 4, 1) },
  'more channels': { x: floats(2, 5, 4, 4) },
  [channels]: { x: floats(2, 5, 4, 6) },
  'an axis too few': { x: floats(5, 4, 3) },
});

const wrongFilter = {
  'a filter of other channels': { filter: floats(3, 3, 4, 2) },
  'a filter of an axis too few': { filter: floats(3, 3, 3) },
};

const wrongDy = {
  'a lower dy': { dy: floats(2, 4, 4, 2) },
  'a wider dy': { dy: floats(2, 5, 9, 2) },
  'a dy of other channels': { dy: floats(2, 5, 4, 5) },
  'a dy of another batch': { dy: floats(3, 5, 4, 2) },
  'a dy of an axis too few': { dy: floats(5, 4, 2) },
};

const wrongInputShape = {
  'no inputShape': { inputShape: undefined },
  'an inputShape of other channels': { inputShape: [2, 5, 4, 4] },
  'a higher inputShape': { inputShape: [2, 50, 4, 3] },
  'a negative inputShape': { inputShape: [-2, 5, 4, 3] },
};

const wrongFilterShape = {
  'no filterShape': { filterShape: undefined },
  'a filterShape of other channels': { filterShape: [3, 3, 4, 2] },
  'a filterShape of other filters': { filterShape: [3, 3, 3, 7] },
};

const vectors = (...names: string[]) =>
  Object.fromEntries(
    names.flatMap((name) => [
      [`a shorter ${name}`, { [name]: floats(2) }],
      [`a longer ${name}`, { [name]: floats(4) }],
      [`a ${name} of two axes`, { [name]: floats(3, 1) }],
    ]),
  );

const convolutions: readonly Operands[] = [
  ...['Conv2D', 'FusedConv2D'].map((kernel) => ({
    kernel,
    inputs: { x, filter },
    attrs: SAME,
    wrong: { ...wrongX('twice the channels'), ...wrongFilter, ...WRONG_STOCK },
  })),
  {
    kernel: 'FusedConv2D',
    inputs: { x, filter, bias: floats(2) },
    attrs: { ...SAME, activation: 'relu' },
    wrong: { 'a longer bias': { bias: floats(3) }, 'a bias along another axis': { bias: floats(2, 1) } },
  },
  {
    kernel: 'Conv2DBackpropInput',
    inputs: { dy, filter },
    attrs: { ...SAME, inputShape: x.shape },
    wrong: { ...wrongDy, ...wrongFilter, ...wrongInputShape, ...WRONG_STOCK },
  },
  {
    kernel: 'Conv2DBackpropFilter',
    inputs: { x, dy },
    attrs: { ...SAME, filterShape: filter.shape },
    wrong: { ...wrongX('twice the channels'), ...wrongDy, ...wrongFilterShape, ...WRONG_STOCK },
  },
  {
    kernel: 'DepthwiseConv2dNativeBackpropInput',
    inputs: { dy: floats(2, 5, 4, 6), filter },
    attrs: { ...SAME, inputShape: x.shape },
    wrong: { ...wrongFilter, ...wrongInputShape, ...WRONG_STOCK, 'a dy of other channels': { dy } },
  },
  {
    kernel: 'DepthwiseConv2dNativeBackpropFilter',
    inputs: { x, dy: floats(2, 5, 4, 6) },
    attrs: { ...SAME, filterShape: filter.shape },
    wrong: { ...wrongX('twice the channels'), ...wrongFilterShape, ...WRONG_STOCK, 'a dy of other channels': { dy } },
  },
  {
    kernel: 'CnnzooConv2D',
    inputs: { x, filter, bias: floats(2) },
    attrs: { ...OWN, activation: 'relu' },
    wrong: {
      ...wrongX('twice the channels'),
      ...wrongFilter,
      ...WRONG_OWN,
      'a shorter bias': { bias: floats(3) },
      'an activation that does not exist': { activation: 'gelu' },
      'an activation of the name of a method': { activation: 'toString' },
      'a map smaller than the filter': {
        x: floats(2, 1, 1, 3),
        padding: [
          [0, 0],
          [0, 0],
        ],
      },
      'a dilated filter larger than the map': { dilation: [9, 9] },
      'a map of no height': {
        x: floats(2, 0, 4, 3),
        padding: [
          [3, 3],
          [3, 3],
        ],
      },
    },
  },
  {
    kernel: 'CnnzooConv2DBackpropInput',
    inputs: { dy, filter },
    attrs: { ...OWN, inputShape: x.shape },
    wrong: { ...wrongDy, ...wrongFilter, ...wrongInputShape, ...WRONG_OWN },
  },
  {
    kernel: 'CnnzooConv2DBackpropFilter',
    inputs: { x, dy },
    attrs: { ...OWN, filterShape: filter.shape },
    wrong: { ...wrongX('twice the channels'), ...wrongDy, ...wrongFilterShape, ...WRONG_OWN },
  },
];

const products: readonly Operands[] = ['BatchMatMul', '_FusedMatMul'].map((kernel) => ({
  kernel,
  inputs: { a: floats(2, 3, 4), b: floats(2, 4, 5), ...(kernel === '_FusedMatMul' ? { bias: floats(5) } : {}) },
  attrs: { transposeA: false, transposeB: false },
  wrong: {
    'fewer terms on the right': { b: floats(2, 3, 5) },
    'more terms on the right': { b: floats(2, 40, 5) },
    'a transposed left side': { transposeA: true },
    'a transposed right side': { transposeB: true },
    'batches that do not go together': { b: floats(3, 4, 5) },
    'a vector': { b: floats(4) },
    ...(kernel === '_FusedMatMul' && {
      'a longer bias': { bias: floats(6) },
      'a bias of rows': { bias: floats(5, 1) },
    }),
  },
}));

const smallerDy = { 'a smaller dy': { dy: floats(2, 1, 2, 3) }, 'a larger dy': { dy: floats(2, 4, 4, 3) } };
const flatMap = { 'an axis too few': { x: floats(4, 4, 3) } };

const pools: readonly Operands[] = [
  ...['MaxPool', 'AvgPool'].flatMap((kernel): Operands[] => [
    { kernel, inputs: { x: map }, attrs: stockPool, wrong: { ...flatMap, ...WRONG_STOCK_POOL } },
    {
      kernel: `${kernel}Grad`,
      inputs: { dy: pooled, input: map, ...(kernel === 'MaxPool' ? { output: pooled } : {}) },
      attrs: stockPool,
      wrong: { ...smallerDy, ...WRONG_STOCK_POOL, 'a smaller input': { input: floats(2, 3, 2, 3) } },
    },
  ]),
  { kernel: 'CnnzooMaxPool', inputs: { x: map }, attrs: pool, wrong: { ...flatMap, ...WRONG_POOL } },
  {
    kernel: 'CnnzooMaxPoolGrad',
    inputs: { dy: pooled, x: map },
    attrs: pool,
    wrong: { ...smallerDy, ...WRONG_POOL, 'a smaller x': { x: floats(2, 3, 2, 3) } },
  },
  {
    kernel: 'CnnzooAvgPool',
    inputs: { x: map },
    attrs: { ...pool, countIncludePad: true },
    wrong: { ...flatMap, ...WRONG_POOL, 'no countIncludePad': { countIncludePad: undefined } },
  },
  {
    kernel: 'CnnzooAvgPoolGrad',
    inputs: { dy: pooled },
    attrs: { ...pool, countIncludePad: true, inputShape: map.shape },
    wrong: { ...smallerDy, ...WRONG_POOL, 'a smaller inputShape': { inputShape: [2, 3, 2, 3] } },
  },
];

const norms: readonly Operands[] = [
  {
    kernel: 'CnnzooBatchNorm',
    inputs: { x: map, weight: c, bias: c, residual: map },
    attrs: NORM,
    wrong: {
      ...vectors('weight', 'bias'),
      ...WRONG_NORM,
      'another residual': { residual: floats(2, 4, 3, 3) },
      'no rows': { x: floats(0, 3), residual: undefined },
    },
  },
  {
    kernel: 'CnnzooBatchNormGrad',
    inputs: { dy: map, x: map, y: map, weight: c, mean: c, variance: positive(3) },
    attrs: { ...NORM, residual: true },
    wrong: {
      ...vectors('weight', 'mean', 'variance'),
      ...WRONG_NORM,
      'another dy': { dy: floats(2, 4, 3, 3) },
      'another y': { y: floats(2, 4, 5, 3) },
    },
  },
  {
    kernel: 'CnnzooBatchNormInference',
    inputs: { x: map, mean: c, variance: positive(3), weight: c, bias: c },
    attrs: NORM,
    wrong: { ...vectors('mean', 'variance', 'weight', 'bias'), ...WRONG_NORM },
  },
  {
    kernel: 'FusedBatchNorm',
    inputs: { x: map, mean: c, variance: positive(3), offset: c, scale: c },
    attrs: { varianceEpsilon: 1e-3 },
    wrong: {
      'a shorter mean': { mean: floats(2) },
      'a longer variance': { variance: floats(4) },
      'an offset of no values': { offset: floats(0) },
      'no eps': { varianceEpsilon: undefined },
    },
  },
];

const others: readonly Operands[] = [
  { kernel: 'Relu', inputs: { x }, attrs: {}, wrong: {} },
  { kernel: 'Relu6', inputs: { x }, attrs: {}, wrong: {} },
  { kernel: 'Identity', inputs: { x }, attrs: {}, wrong: {} },
  { kernel: 'Cast', inputs: { x }, attrs: { dtype: 'float32' }, wrong: {} },
  {
    kernel: 'CnnzooReluGrad',
    inputs: { dy: x, y: x },
    attrs: {},
    wrong: { 'a shorter dy': { dy: floats(2, 5, 4, 1) }, 'a longer dy': { dy: floats(3, 5, 4, 3) } },
  },
  {
    kernel: 'CnnzooSgd',
    inputs: { param: c, grad: c, velocity: c },
    attrs: sgd,
    wrong: {
      'a shorter gradient': { grad: floats(2) },
      'a longer velocity': { velocity: floats(4) },
      'no velocity': { velocity: undefined },
      'a rate of NaN': { lr: Number.NaN },
      'no momentum': { momentum: undefined },
    },
  },
  {
    kernel: 'CnnzooAdamW',
    inputs: { param: c, grad: c, m: c, v: positive(3) },
    attrs: adamW,
    wrong: {
      'a shorter gradient': { grad: floats(2) },
      'a longer m': { m: floats(4) },
      'a shorter v': { v: floats(1) },
      'a step of 0': { step: 0 },
      'an infinite rate': { lr: Number.POSITIVE_INFINITY },
    },
  },
  {
    kernel: 'CnnzooSoftmaxCrossEntropy',
    inputs: { logits: floats(2, 3), labels: integers(2) },
    attrs: { labelSmoothing: 0 },
    wrong: {
      'a label too many': { labels: integers(3) },
      'probabilities of other classes': { labels: floats(2, 4) },
      'a label that is no class': { labels: { shape: [2], values: Int32Array.of(0, 3) } },
      'logits of three axes': { logits: floats(2, 3, 1) },
      'a smoothing above 1': { labelSmoothing: 2 },
      'no smoothing': { labelSmoothing: undefined },
    },
  },
  ...['Sum', 'Mean'].map((kernel) => ({
    kernel,
    inputs: { x },
    attrs: { axis: [0, 1, 2], keepDims: false },
    wrong: { 'an axis that does not exist': { axis: [4] }, 'half an axis': { axis: [0.5] } },
  })),
  {
    kernel: 'Tile',
    inputs: { x: c },
    attrs: { reps: [4] },
    wrong: {
      'a repetition too many': { reps: [4, 4] },
      'no repetitions': { reps: [] },
      'half a repetition': { reps: [1.5] },
      'a negative one': { reps: [-1] },
    },
  },
];

/** Calls of every kernel, with values and without. */
export const OPERANDS: readonly Operands[] = [...convolutions, ...products, ...pools, ...norms, ...others];
