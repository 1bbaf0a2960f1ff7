// Nets of one's own: every layer of core and of tf.layers that a graph has.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  adaptiveAvgPool,
  avgPool,
  batchNorm,
  buildModel,
  compile,
  concat,
  conv,
  dropout,
  flatten,
  globalAvgPool,
  groupNorm,
  type Layer,
  linear,
  loadStateDict,
  localResponseNorm,
  maxPool,
  padChannels,
  relu,
  residual,
  sameConv,
  seq,
  sigmoid,
  stateDict,
  useBackend,
} from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, uniform } from '../../../test/harness/synthetic.js';
import { exportGraphModel, exportOnnx, inferenceGraph } from '../src/index.js';
import { KernelsEngine } from '../src/kernels/index.js';
import { openGraphModel, runGraphModel } from './graph-model-files.js';
import { OnnxSession } from './onnx-runtime.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-layers-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('cpu');
});

const SHAPE = [9, 12, 6] as const;
const BATCH = 2;

/** Layers of core on maps of 9 x 12 pixels and 6 channels. */
const own: Record<string, Layer> = {
  'conv, dilation and unequal sides': conv(8, [3, 2], { stride: [2, 1], padding: [2, 1], dilation: [2, 1] }),
  'grouped conv': sameConv(12, 3, { groups: 3 }),
  'depthwise conv': sameConv(12, 3, { groups: 6, bias: false }),
  'conv, two norms and relu': seq([sameConv(5, 3, { bias: false }), batchNorm(), batchNorm({ eps: 0.1 }), relu]),
  'norm before the convolution': seq([batchNorm(), relu, conv(4, 3)]),
  'norm after a sum': seq([residual([sameConv(6, 3)], { project: () => sameConv(6, 1) }), batchNorm(), sigmoid]),
  'group norm': seq([groupNorm(3), conv(4, 1)]),
  'local response norm': localResponseNorm(5, { alpha: 0.5, k: 2 }),
  'local response norm of an even window': localResponseNorm(4, { alpha: 0.5, beta: 0.6 }),
  'max pool with padding': seq([sameConv(4, 3), maxPool(3, 2, 1)]),
  'max pool in ceil mode': maxPool(3, 2, 0, { ceilMode: true }),
  'max pool in ceil mode with padding': maxPool(2, 2, 1, { ceilMode: true }),
  'average pool': avgPool(3, 2, 1),
  'average pool without its padding': avgPool(3, 2, 1, { countIncludePad: false }),
  'average pool in ceil mode': avgPool(2, 2, 0, { ceilMode: true }),
  'average pool in ceil mode with padding': avgPool(3, 2, 1, { ceilMode: true }),
  'average pool in ceil mode without its padding': avgPool(3, 2, 1, { ceilMode: true, countIncludePad: false }),
  'adaptive pool that divides': adaptiveAvgPool(3),
  'adaptive pool that overlaps': adaptiveAvgPool(5),
  'adaptive pool of one pixel': adaptiveAvgPool(1),
  'channels of zeros': padChannels(9, { before: 2 }),
  'parallel paths': concat([sameConv(4, 1), seq([sameConv(3, 3), relu]), maxPool(3, 1, 1)]),
  'a head with dropout': seq([maxPool(3), flatten, dropout(0.5), linear(7), relu, linear(5, { bias: false })]),
  'a pooled head': seq([globalAvgPool, linear(5)]),
};

const at = (x: SymbolicTensor | SymbolicTensor[]): SymbolicTensor => [x].flat()[0]!;

/** Makes a model of tf.layers on the same maps. */
const stockNet = (through: (x: SymbolicTensor) => SymbolicTensor | SymbolicTensor[]): LayersModel => {
  const image = input({ shape: [...SHAPE], name: 'image' });
  return model({ inputs: image, outputs: at(through(image)), name: 'stock' });
};

type Apply = (x: SymbolicTensor) => SymbolicTensor | SymbolicTensor[];
const layer =
  (each: layers.Layer): Apply =>
  (x) =>
    each.apply(x) as SymbolicTensor;
const chain =
  (...each: layers.Layer[]): Apply =>
  (x) =>
    each.reduce<SymbolicTensor>((y, next) => at(next.apply(y) as SymbolicTensor), x);

const stock: Record<string, Apply> = {
  "Conv2D, 'same' with a stride": layer(layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' })),
  'Conv2D, norm and relu': chain(
    layers.conv2d({ filters: 4, kernelSize: [3, 2], padding: 'same', useBias: false }),
    layers.batchNormalization({ epsilon: 0.01, scale: false }),
    layers.reLU({}),
  ),
  'DepthwiseConv2D with a multiplier': layer(
    layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' }),
  ),
  SeparableConv2D: layer(layers.separableConv2d({ filters: 5, kernelSize: 3, activation: 'relu' })),
  'ZeroPadding2D before a convolution': chain(
    layers.zeroPadding2d({
      padding: [
        [1, 2],
        [0, 1],
      ],
    }),
    layers.conv2d({ filters: 3, kernelSize: 3, strides: 2 }),
  ),
  'Dense on maps': layer(layers.dense({ units: 5, activation: 'tanh' })),
  'a head': chain(
    layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    layers.flatten(),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 6, activation: 'relu' }),
    layers.dense({ units: 4, activation: 'softmax' }),
  ),
  "AveragePooling2D, 'same'": layer(layers.averagePooling2d({ poolSize: [3, 2], strides: 2, padding: 'same' })),
  GlobalMaxPooling2D: layer(layers.globalMaxPooling2d({})),
  'Permute and Reshape': chain(layers.permute({ dims: [2, 3, 1] }), layers.reshape({ targetShape: [8, 9, 9] })),
  'Reshape to a list and back': chain(
    layers.reshape({ targetShape: [648] }),
    layers.reshape({ targetShape: [12, 9, 6] }),
  ),
  UpSampling2D: layer(layers.upSampling2d({ size: [2, 3] })),
  'UpSampling2D, bilinear': layer(layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear' })),
  merges: (x) => {
    const [a, b] = [1, 2].map(
      (n) => layers.conv2d({ filters: 6, kernelSize: 1, name: `merged${n}` }).apply(x) as SymbolicTensor,
    );
    const sum = layers.add().apply([a!, b!, x]) as SymbolicTensor;
    const mean = layers.average().apply([a!, sum]) as SymbolicTensor;
    const product = layers.multiply().apply([mean, b!]) as SymbolicTensor;
    const most = layers.maximum().apply([product, x]) as SymbolicTensor;
    return layers
      .concatenate({ axis: 1 })
      .apply([layers.minimum().apply([most, sum]) as SymbolicTensor, x]) as SymbolicTensor;
  },
  'squeeze and excitation': (x) => {
    const pooled = at(
      layers.reshape({ targetShape: [1, 1, 6] }).apply(layers.globalAveragePooling2d({}).apply(x)) as SymbolicTensor,
    );
    const gate = layers.dense({ units: 6, activation: 'sigmoid' }).apply(pooled) as SymbolicTensor;
    return layers.multiply().apply([x, gate]) as SymbolicTensor;
  },
  'a nested model, twice': (x) => {
    const inner = sequential({
      name: 'inner',
      layers: [
        layers.conv2d({ filters: 6, kernelSize: 3, padding: 'same', inputShape: [...SHAPE] }),
        layers.batchNormalization({}),
        layers.reLU({}),
      ],
    });
    return inner.apply(inner.apply(x) as SymbolicTensor) as SymbolicTensor;
  },
  'softmax of maps': layer(layers.softmax({ axis: -1 })),
  ...Object.fromEntries(
    (
      [
        'elu',
        'hardSigmoid',
        'linear',
        'mish',
        'relu',
        'relu6',
        'selu',
        'sigmoid',
        'softplus',
        'softsign',
        'swish',
        'tanh',
      ] as const
    ).map((activation) => [
      `Activation '${activation}'`,
      layer(layers.activation({ activation: activation as 'relu' })),
    ]),
  ),
  LeakyReLU: layer(layers.leakyReLU({ alpha: 0.2 })),
  'ReLU with a limit': layer(layers.reLU({ maxValue: 1.5 })),
  Rescaling: layer(layers.rescaling({ scale: 0.5, offset: -1 })),
};

/** Gives the weights seeded values of their own, variances above 0. */
function fill(net: LayersModel): void {
  for (const weight of net.weights) {
    const isVariance = weight.originalName.includes('var');
    const values = uniform(
      weight.originalName,
      weight.shape.reduce((a, b) => a! * b!, 1)!,
      isVariance ? 0.5 : -0.5,
      isVariance ? 1.5 : 0.5,
    );
    tf.tidy(() => void weight.write(tf.tensor(values, weight.shape as number[])));
  }
}

async function expectSame(name: string, net: LayersModel): Promise<void> {
  const images = uniform('images', BATCH * SHAPE[0] * SHAPE[1] * SHAPE[2], -2, 2);
  const expected = tf.tidy(() => {
    const output = net.apply(tf.tensor4d(images, [BATCH, ...SHAPE]), { training: false }) as tf.Tensor;
    // Maps of ONNX have their channels first.
    const first = output.rank === 4 ? tf.transpose(output, [0, 3, 1, 2]) : output;
    return [output, first].map((each) => each.dataSync() as Float32Array);
  });
  const kernels = await KernelsEngine.create(inferenceGraph(net));
  const [fromKernels] = await kernels.run(images, [BATCH, ...SHAPE]);
  await kernels.dispose();
  expect(relativeError(fromKernels!, expected[0]!), 'kernels').toBeLessThanOrEqual(PARITY);
  const file = join(directory, `${name.replaceAll(/\W/g, '-')}.onnx`);
  await exportOnnx(net, file);
  const session = await OnnxSession.open(file);
  const [fromOnnx] = await session.run(images, [BATCH, ...SHAPE]);
  await session.close();
  expect(fromOnnx!.length).toBe(expected[1]!.length);
  expect(relativeError(fromOnnx!, expected[1]!), 'onnxruntime').toBeLessThanOrEqual(PARITY);
  await exportGraphModel(net, `${file}-graph`);
  const graph = await openGraphModel(`${file}-graph`);
  const [fromGraph] = runGraphModel(graph, images, [BATCH, ...SHAPE]);
  graph.dispose();
  expect(relativeError(fromGraph!, expected[0]!), 'GraphModel').toBeLessThanOrEqual(PARITY);
}

describe('layers of core', () => {
  it.each(Object.entries(own))('%s', async (name, each) => {
    const net = buildModel('own', each, [...SHAPE]);
    await loadStateDict(net, syntheticCheckpoint(await stateDict(net)));
    await expectSame(`own ${name}`, net);
    const compiled = await compile(net);
    await expectSame(`compiled ${name}`, compiled);
    expect(inferenceGraph(compiled).nodes.map(({ op }) => op)).toEqual(inferenceGraph(net).nodes.map(({ op }) => op));
    compiled.dispose();
    net.dispose();
  });
});

describe('layers of tf.layers', () => {
  it.each(Object.entries(stock))('%s', async (name, each) => {
    const net = stockNet(each);
    fill(net);
    await expectSame(`stock ${name}`, net);
    // dispose leaves the weights of an inner model that is applied twice.
    tf.dispose(net.weights.map((weight) => weight.read()));
  });
});

it('joins what belongs together', async () => {
  const net = buildModel(
    'joined',
    seq([
      sameConv(4, 3, { bias: false }),
      batchNorm(),
      relu,
      dropout(0.1),
      residual([sameConv(4, 3)], { project: () => relu }),
      flatten,
      linear(3),
    ]),
    [6, 6, 3],
  );
  expect(
    String(inferenceGraph(net))
      .split('\n')
      .map((line) => line.trimEnd()),
  ).toMatchInlineSnapshot(`
    [
      "joined: 5 nodes",
      "image          input                                  [?, 6, 6, 3]",
      "2      image   conv 3 x 3, stride 1, padding 1, relu  [?, 6, 6, 4]",
      "4.0    2       conv 3 x 3, stride 1, padding 1        [?, 6, 6, 4]",
      "4.out  4.0, 2  add, relu                              [?, 6, 6, 4]",
      "5      4.out   flatten                                [?, 144]",
      "6      5       linear                                 [?, 3]",
      "outputs: 6",
    ]
  `);
  net.dispose();
});
