/**
 * Times the memory-bound kernels of @cnnzoo/kernels and tfjs' own: `npx tsx bench/kernels-memory.ts [--runs N]`. The
 * shapes are those of ResNet-18 in training (8 images) and of ResNet-50 in inference (1 image) at 224 px. Times are in
 * milliseconds, the least of several runs in turn. "arena" is copied in and out and computed by all threads, as if
 * tfjs' heap were out of reach.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { accelerate } from '@cnnzoo/kernels';
import { Heaps } from '@cnnzoo/kernels/internal';

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '9' } } });
const runs = Number(options.runs);

await tf.setBackend('wasm');
const STOCK = [
  'MaxPool',
  'MaxPoolGrad',
  'AvgPool',
  'AvgPoolGrad',
  'FusedBatchNorm',
  'Mean',
  'Sum',
  'Identity',
] as const;
const stock = new Map(STOCK.map((name) => [name as string, tf.getKernel(name, 'wasm')!.kernelFunc]));
const acceleration = await accelerate();

const { of } = Heaps.prototype;
function inArena<T>(f: () => T): T {
  Heaps.prototype.of = () => undefined;
  try {
    return f();
  } finally {
    Heaps.prototype.of = of;
  }
}

type Inputs = Record<string, tf.Tensor>;

const ours = (name: string, inputs: Inputs, attrs: object): void => {
  tf.dispose(tf.engine().runKernel(name, inputs, attrs as unknown as tf.NamedAttrMap));
};

/** Runs the kernel of tfjs that ours replaced. */
const replaced = (name: string, inputs: Inputs, attrs: object): void => {
  const backend = tf.backend();
  const results = stock.get(name)!({ inputs, attrs: attrs as unknown as tf.NamedAttrMap, backend });
  for (const { dataId } of [results].flat()) backend.disposeData(dataId);
};

/** Runs tfjs ops instead of one of our kernels. */
const inTidy =
  (f: () => void): (() => void) =>
  () =>
    tf.tidy(f);

const rows: string[][] = [];

function compare(label: string, name: string, inputs: Inputs, attrs: object, instead?: () => void): void {
  const passes: Record<string, (() => void) | undefined> = {
    stock: instead ?? (stock.has(name) ? () => replaced(name, inputs, attrs) : undefined),
    arena: () => inArena(() => ours(name, inputs, attrs)),
    heap: () => ours(name, inputs, attrs),
  };
  const least: Record<string, number> = {};
  for (let run = 0; run <= runs; run++)
    for (const [way, pass] of Object.entries(passes)) {
      if (!pass) continue;
      const start = performance.now();
      pass();
      if (run > 0) least[way] = Math.min(least[way] ?? Number.POSITIVE_INFINITY, performance.now() - start);
    }
  const shown = (way: string) => least[way]?.toFixed(2) ?? '';
  const ratio = least.stock === undefined ? '' : (least.heap! / least.stock).toFixed(2);
  rows.push([label, shown('stock'), shown('arena'), shown('heap'), ratio]);
}

function pooling(images: number, channels: number): void {
  const x = tf.relu(tf.randomNormal([images, 112, 112, 64])) as tf.Tensor4D;
  const y = tf.maxPool(x, 3, 2, 1);
  const dy = tf.randomNormal(y.shape);
  const attrs = { filterSize: 3, strides: 2, pad: 1 };
  const label = (name: string) => `${name} 3/2 ${x.shape}`;
  compare(label('MaxPool'), 'MaxPool', { x }, attrs);
  compare(label('MaxPoolGrad'), 'MaxPoolGrad', { dy, input: x, output: y }, attrs);
  compare(label('AvgPool'), 'AvgPool', { x }, attrs);
  compare(label('AvgPoolGrad'), 'AvgPoolGrad', { dy, input: x }, attrs);
  compare(`Sum to channels ${x.shape}`, 'Sum', { x }, { axis: [0, 1, 2], keepDims: false });
  compare(`Identity ${x.shape}`, 'Identity', { x }, {});
  const last = tf.randomNormal([images, 7, 7, channels]);
  compare(`Mean over pixels ${last.shape}`, 'Mean', { x: last }, { axis: [1, 2], keepDims: false });
  tf.dispose([x, y, dy, last]);
}

function batchNorm(shape: [number, number, number, number]): void {
  const [x, dy] = [tf.randomNormal(shape) as tf.Tensor4D, tf.randomNormal(shape) as tf.Tensor4D];
  const v = tf.randomUniform([shape[3]], 0.5, 1.5) as tf.Tensor1D;
  const attrs = { eps: 1e-5, activation: 'relu' };
  compare(
    `BatchNorm + ReLU, of the batch ${shape}`,
    'CnnzooBatchNorm',
    { x, weight: v, bias: v },
    attrs,
    inTidy(() => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      tf.relu(tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, v, v, 1e-5));
    }),
  );
  compare('  its gradient', 'CnnzooBatchNormGrad', { dy, x, y: x, weight: v, mean: v, variance: v }, attrs);
  compare('  FusedBatchNorm', 'FusedBatchNorm', { x, mean: v, variance: v }, { varianceEpsilon: 1e-5 });
  compare(
    '  inference + residual + ReLU',
    'CnnzooBatchNormInference',
    { x, mean: v, variance: v, weight: v, bias: v, residual: dy },
    attrs,
    () => {
      const backend = tf.backend();
      const inputs = { x, mean: v, variance: v, scale: v, offset: v };
      const info = stock.get('FusedBatchNorm')!({ inputs, attrs: { varianceEpsilon: 1e-5 }, backend });
      const normal = tf.engine().makeTensorFromTensorInfo(info as tf.TensorInfo);
      tf.dispose([normal, tf.tidy(() => tf.relu(tf.add(normal, dy)))]);
    },
  );
  tf.dispose([x, dy, v]);
}

function steps(length: number): void {
  const variable = (value: tf.Tensor) => tf.variable(value);
  const [param, velocity, m, v] = [
    tf.randomNormal([length]),
    tf.zeros([length]),
    tf.zeros([length]),
    tf.ones([length]),
  ].map(variable) as [tf.Variable, tf.Variable, tf.Variable, tf.Variable];
  const grad = tf.randomNormal([length]);
  const momentum = tf.train.momentum(0.01, 0.9);
  const adam = tf.train.adam(0.001);
  const gradients = [{ name: param.name, tensor: grad }];
  compare(
    `SGD with momentum, ${length} parameters`,
    'CnnzooSgd',
    { param, grad, velocity },
    { lr: 0.01, momentum: 0.9, nesterov: false, weightDecay: 1e-4 },
    () => momentum.applyGradients(gradients),
  );
  compare(
    `AdamW, ${length} parameters`,
    'CnnzooAdamW',
    { param, grad, m, v },
    { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, step: 5 },
    () => adam.applyGradients(gradients),
  );
}

pooling(8, 512);
pooling(1, 2048);
for (const [extent, channels] of [
  [112, 64],
  [56, 64],
  [28, 128],
  [14, 256],
  [7, 512],
] as const)
  batchNorm([8, extent, extent, channels]);
for (const [extent, channels] of [
  [112, 64],
  [56, 256],
  [28, 512],
  [14, 1024],
  [7, 2048],
] as const)
  batchNorm([1, extent, extent, channels]);
steps(2_359_296);

console.log(`${process.version}, ${acceleration.threads} threads, ${cpus()[0]?.model}`);
console.log('| kernel | stock | arena | heap | heap / stock |\n|---|---|---|---|---|');
for (const row of rows) console.log(`| ${row.join(' | ')} |`);
acceleration.dispose();
