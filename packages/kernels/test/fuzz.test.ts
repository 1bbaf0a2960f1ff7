import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Acceleration, accelerate, KernelError } from '../src/index.js';
import { Random } from './random.js';
import { errorOf, runKernel, type Values } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

/** Call of one of tfjs' kernels, and the operation that checks its operands and calls it. */
interface Call {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, Values>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  operation(inputs: Readonly<Record<string, tf.Tensor>>): tf.Tensor;
}

/** Returns the extent in most cases, else the extent plus 1, or 0. */
const about = (random: Random, extent: number): number => random.pick([extent, extent, extent, extent, extent + 1, 0]);

const shapeOf = (random: Random, ...extents: number[]): number[] => {
  const shape = extents.map((extent) => about(random, extent));
  return random.next() < 0.03 ? shape.slice(1) : shape;
};

/** Returns the tensor as the operation sees it: tfjs takes a tensor of three axes for a batch of one. */
const map = (tensor: tf.Tensor): tf.Tensor4D => {
  if (tensor.rank !== 4) throw new Error(`a map of shape [${tensor.shape}]`);
  return tensor as tf.Tensor4D;
};

const size = (random: Random): number => random.integer(1, 7);

function convolution(random: Random): Call {
  const [channels, filters] = [random.pick([1, 3, 4, 8, 16]), random.pick([1, 2, 5, 16])];
  const kernel = random.pick([1, 2, 3, 5]);
  const stride = random.pick([1, 1, 2, 3]);
  const dilation = stride === 1 ? random.pick([1, 1, 2]) : 1;
  const pad = random.pick(['same', 'valid', 0, 1] as const);
  return {
    kernel: 'Conv2D',
    inputs: {
      x: random.normal(shapeOf(random, random.integer(1, 3), size(random), size(random), channels)),
      filter: random.normal(shapeOf(random, kernel, kernel, channels, filters)),
    },
    attrs: { strides: stride, pad, dataFormat: 'NHWC', dilations: dilation },
    operation: ({ x, filter }) => tf.conv2d(map(x!), map(filter!), stride, pad as 'same', 'NHWC', dilation),
  };
}

function product(random: Random): Call {
  const [transposeA, transposeB] = [random.next() < 0.5, random.next() < 0.5];
  const [rows, terms, columns] = [size(random), size(random), size(random)];
  const outer = random.pick([[], [2], [1, 3]]);
  const ends = (first: number, second: number, turned: boolean) => (turned ? [second, first] : [first, second]);
  return {
    kernel: 'BatchMatMul',
    inputs: {
      a: random.normal([...outer, ...shapeOf(random, ...ends(rows, terms, transposeA))]),
      b: random.normal([
        ...(random.next() < 0.5 ? outer : []),
        ...shapeOf(random, ...ends(terms, columns, transposeB)),
      ]),
    },
    attrs: { transposeA, transposeB },
    operation: ({ a, b }) => {
      if (a!.rank < 2 || b!.rank < 2) throw new Error('a vector');
      return tf.matMul(a!, b!, transposeA, transposeB);
    },
  };
}

function pool(random: Random): Call {
  const isMax = random.next() < 0.5;
  const [filterSize, strides] = [random.integer(1, 3), random.integer(1, 3)];
  const pad = random.pick(['same', 'valid'] as const);
  return {
    kernel: isMax ? 'MaxPool' : 'AvgPool',
    inputs: { x: random.normal(shapeOf(random, 2, size(random), size(random), random.pick([1, 3, 8, 19]))) },
    attrs: { filterSize, strides, pad },
    operation: ({ x }) => (isMax ? tf.maxPool : tf.avgPool)(map(x!), filterSize, strides, pad),
  };
}

function reduction(random: Random): Call {
  const isSum = random.next() < 0.5;
  const axis = random.pick([[0], [1], [2], [0, 1], [1, 2], [0, 1, 2], [0, 3], [-4]]);
  const keepDims = random.next() < 0.5;
  return {
    kernel: isSum ? 'Sum' : 'Mean',
    inputs: { x: random.normal(shapeOf(random, size(random), size(random), 20)) },
    attrs: { axis, keepDims },
    operation: ({ x }) => (isSum ? tf.sum : tf.mean)(x!, axis, keepDims),
  };
}

function repetition(random: Random): Call {
  const reps = Array.from({ length: random.pick([3, 3, 3, 2]) }, () => random.pick([1, 1, 1, 2, 0]));
  return {
    kernel: 'Tile',
    inputs: { x: random.normal(shapeOf(random, 1, size(random), size(random))) },
    attrs: { reps },
    operation: ({ x }) => tf.tile(x!, reps),
  };
}

function norm(random: Random): Call {
  const channels = random.pick([1, 3, 16, 19]);
  const vector = (mean: number) => random.normal([about(random, channels)], mean, 0.1);
  return {
    kernel: 'FusedBatchNorm',
    inputs: { x: random.normal(shapeOf(random, 2, size(random), 3, channels)), mean: vector(0), variance: vector(1) },
    attrs: { varianceEpsilon: 1e-3 },
    operation: ({ x, mean, variance }) => {
      const fits = [mean, variance].every((each) => [1, x!.shape.at(-1)].includes(each!.size));
      if (!fits) throw new Error('statistics of other channels');
      return tf.batchNorm(x!, mean as tf.Tensor1D, variance as tf.Tensor1D);
    },
  };
}

const relu = (random: Random): Call => {
  const is6 = random.next() < 0.5;
  return {
    kernel: is6 ? 'Relu6' : 'Relu',
    inputs: { x: random.normal(shapeOf(random, size(random), 20), 0, 5) },
    attrs: {},
    operation: ({ x }) => (is6 ? tf.relu6 : tf.relu)(x!),
  };
};

/** Returns the operation's result on the cpu backend; undefined if it throws. */
async function onCpu({ inputs, operation }: Call): Promise<Values | undefined> {
  await tf.setBackend('cpu');
  try {
    return tf.tidy(() => {
      const tensors = Object.entries(inputs).map(([name, { values, shape }]) => [name, tf.tensor(values, [...shape])]);
      const result = operation(Object.fromEntries(tensors));
      return { shape: result.shape, values: result.dataSync() as Float32Array };
    });
  } catch {
    return undefined;
  }
}

it.each(Object.entries({ convolution, product, pool, reduction, repetition, norm, relu }))(
  'a %s of any operands is what the cpu backend gives, or an error',
  async (_, draw) => {
    let refused = 0;
    for (let seed = 0; seed < 400; seed++) {
      const call = draw(new Random(seed));
      const { kernel, inputs, attrs } = call;
      const expected = await onCpu(call);
      const shapes = JSON.stringify({ seed, shapes: Object.values(inputs).map(({ shape }) => shape), attrs });
      const received = await runKernel('wasm', kernel, inputs, attrs).catch((error: unknown) => error);
      // The cpu backend makes tensors with negative extents.
      if (!expected || expected.shape.some((extent) => extent < 0)) {
        expect(received, shapes).toBeInstanceOf(KernelError);
        refused++;
        continue;
      }
      expect(received, shapes).toBeInstanceOf(Array);
      const [{ shape, values }] = received as [Values];
      expect(shape, shapes).toEqual(expected.shape);
      expect(errorOf(values, expected.values), shapes).toBeLessThan(1e-5);
    }
    expect(refused).toBeLessThan(300);
  },
);

it('a product broadcasts leading dimensions on both sides', async () => {
  const random = new Random(1);
  const [a, b] = [random.normal([2, 1, 3, 4]), random.normal([1, 5, 4, 2])];
  const [{ shape, values }] = (await runKernel('wasm', 'BatchMatMul', { a, b }, {})) as [Values];
  expect(shape).toEqual([2, 5, 3, 2]);
  const matrix = ({ values }: Values, index: number, length: number): Values => ({
    shape: [1, ...(length === 12 ? [3, 4] : [4, 2])],
    values: values.slice(index * length, (index + 1) * length),
  });
  for (let i = 0; i < 2; i++)
    for (let j = 0; j < 5; j++) {
      const sides = { a: matrix(a, i, 12), b: matrix(b, j, 8) };
      const [one] = await runKernel('cpu', 'BatchMatMul', sides, {});
      expect(errorOf(values.slice((i * 5 + j) * 6, (i * 5 + j + 1) * 6), one!.values)).toBeLessThan(1e-6);
    }
});

it('a filter, and a matrix, of other shapes over the same data is not taken for the one before', async () => {
  await tf.setBackend('wasm');
  const run = (name: string, inputs: tf.NamedTensorMap, attrs: object) =>
    tf.tidy(() => (tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor).dataSync().slice());
  tf.tidy(() => {
    const values = tf.randomNormal([3, 3, 8, 4], 0, 1, 'float32', 1);
    const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1 };
    for (const shape of [
      [3, 3, 8, 4],
      [3, 3, 4, 8],
      [3, 3, 2, 16],
      [1, 3, 24, 4],
    ]) {
      const x = tf.randomNormal([2, 9, 9, shape[2]!], 0, 1, 'float32', 2);
      const shared = tf.reshape(values, shape);
      const own = tf.tensor(values.dataSync(), shape);
      for (let use = 0; use < 3; use++)
        expect(run('Conv2D', { x, filter: shared }, attrs)).toEqual(run('Conv2D', { x, filter: own }, attrs));
    }
    const b = tf.randomNormal([2, 3, 4], 0, 1, 'float32', 3);
    const a = tf.randomNormal([1, 5, 3], 0, 1, 'float32', 4);
    for (const shape of [
      [2, 3, 4],
      [1, 3, 8],
    ]) {
      const own = tf.tensor(b.dataSync(), shape);
      for (let use = 0; use < 3; use++)
        expect(run('BatchMatMul', { a, b: tf.reshape(b, shape) }, {})).toEqual(run('BatchMatMul', { a, b: own }, {}));
    }
  });
});

it('a batch of no images has no outputs, and zeros for the gradient of a filter', async () => {
  const none = (...shape: number[]): Values => ({ shape: [0, ...shape], values: new Float32Array(0) });
  const filter = new Random(1).normal([3, 3, 2, 4]);
  const padding = [
    [1, 1],
    [1, 1],
  ];
  const conv = { stride: [1, 1], dilation: [1, 1], groups: 1, padding };
  const pooling = { kernelSize: [3, 3], stride: [1, 1], padding, countIncludePad: true };
  const [x, dy] = [none(5, 5, 2), none(5, 5, 4)];
  const shapes = async (...args: [string, Record<string, Values>, object]) =>
    (await runKernel('wasm', ...args)).map(({ shape }) => shape);
  expect(await shapes('CnnzooConv2D', { x, filter }, conv)).toEqual([[0, 5, 5, 4]]);
  expect(await shapes('CnnzooConv2DBackpropInput', { dy, filter }, { ...conv, inputShape: x.shape })).toEqual([
    x.shape,
  ]);
  const [gradient] = await runKernel(
    'wasm',
    'CnnzooConv2DBackpropFilter',
    { x, dy },
    { ...conv, filterShape: [3, 3, 2, 4] },
  );
  expect(gradient).toEqual({ shape: [3, 3, 2, 4], values: new Float32Array(72) });
  expect(await shapes('CnnzooMaxPool', { x }, pooling)).toEqual([x.shape]);
  expect(await shapes('CnnzooMaxPoolGrad', { x, dy: x }, pooling)).toEqual([x.shape]);
  expect(await shapes('CnnzooAvgPool', { x }, pooling)).toEqual([x.shape]);
  expect(await shapes('CnnzooAvgPoolGrad', { dy: x }, { ...pooling, inputShape: x.shape })).toEqual([x.shape]);
  const labels = { shape: [0], values: new Int32Array(0) };
  expect(await shapes('CnnzooSoftmaxCrossEntropy', { logits: none(3), labels }, { labelSmoothing: 0 })).toEqual([
    [0],
    [0, 3],
  ]);
});
