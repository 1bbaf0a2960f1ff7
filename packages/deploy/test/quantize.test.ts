// `quantize`: nets in 8 bits, their report, and what is refused.
import {
  buildModel,
  CnnzooError,
  conv,
  globalAvgPool,
  linear,
  loadStateDict,
  relu,
  seq,
  stateDict,
  useBackend,
} from '@cnnzoo/core';
import { type Batch, mnist } from '@cnnzoo/core/data';
import { lenet5_relu } from '@cnnzoo/lenet';
import { resnet20 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, uniform } from '../../../test/harness/synthetic.js';
import { mnistDirectory } from '../../../tools/train/mnist.js';
import { type QuantizedGraph, type QuantizeImages, type QuantizeOptions, quantize } from '../src/index.js';
import { quantizationOf, rangeOf } from '../src/quantize/ranges.js';
import { ValueStatistics } from '../src/quantize/statistics.js';
import { onnxEngine } from './observed-onnx.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const values = (count: number, shape: readonly number[], name = 'images') => ({
  values: uniform(name, count * shape.reduce((product, extent) => product * extent, 1), -2, 2),
  shape: [count, ...shape],
});

/** Computes the logits of preprocessed images in onnxruntime. */
async function logitsOf(graph: QuantizedGraph, images: ReturnType<typeof values>): Promise<Float32Array> {
  const engine = await onnxEngine(graph, false);
  const [logits] = await engine.run(images.values, images.shape as [number, number, number, number]);
  await engine.dispose();
  return logits!;
}

/** A small net with synthetic weights. */
async function small(name = 'small'): Promise<LayersModel> {
  const net = buildModel(
    name,
    seq([conv(8, 3, { bias: true }), relu, conv(6, 1, { bias: true }), relu, globalAvgPool, linear(4)]),
    [6, 6, 3],
  );
  await loadStateDict(net, syntheticCheckpoint(await stateDict(net)));
  return net;
}

describe('ranges', () => {
  const seen = (...batches: readonly (readonly number[])[]): ValueStatistics => {
    const statistics = new ValueStatistics(true, 0);
    for (const batch of batches) expect(statistics.add(Float32Array.from(batch))).toBe(true);
    return statistics;
  };
  const spread = Array.from({ length: 10_001 }, (_, i) => i / 10_000);

  it('cover all values seen, or all but those beyond a percentile', () => {
    // The outlier widens the bins, which count the values before it too.
    const statistics = seen(spread, [50, -0.5]);
    expect(rangeOf(statistics, 'min-max', 0)).toEqual({ min: -0.5, max: 50 });
    const { min, max } = rangeOf(statistics, 'percentile', 99.9);
    expect(max).toBeGreaterThanOrEqual(1);
    expect(max).toBeLessThan(1.1);
    expect(min).toBeGreaterThan(-0.1);
    expect(rangeOf(statistics, 'percentile', 100)).toEqual({ min: -0.5, max: 50 });
    // The levels of a wide range lose the shape of a bell, not that of an even spread.
    const bell = seen(
      Array.from(spread, (value) => Math.cbrt(2 * value - 1) ** 9),
      [50],
    );
    expect(rangeOf(bell, 'entropy', 0).max).toBeLessThan(10);
  });

  it('keep 0 exact, and a value that is always 0', () => {
    expect(quantizationOf({ min: 0, max: 51 })).toEqual({ scale: Math.fround(0.2), zeroPoint: 0 });
    expect(quantizationOf({ min: -1, max: 1 })).toEqual({ scale: Math.fround(2 / 255), zeroPoint: 128 });
    expect(quantizationOf({ min: -3, max: 0 }).zeroPoint).toBe(255);
    expect(quantizationOf(rangeOf(seen([0, 0]), 'entropy', 0))).toEqual({ scale: 1, zeroPoint: 0 });
    expect(new ValueStatistics(false, 0).add(Float32Array.of(1, Number.NaN))).toBe(false);
    expect(new ValueStatistics(false, 0).add(Float32Array.of(1, Number.POSITIVE_INFINITY))).toBe(false);
  });
});

describe('a trained net', () => {
  it('keeps its classes, and the report says so', async () => {
    const net = await lenet5_relu.pretrained();
    const digits = await mnist(mnistDirectory(), { split: 'test' });
    const batches = digits.batches({ batchSize: 200, preprocessing: net.preprocessing }) as Iterable<Batch>;
    const { x, y } = batches[Symbol.iterator]().next().value as Batch;
    const labels = [...(await y.data())];
    const { report } = await quantize(net, x as tf.Tensor4D, { labels });
    net.dispose();
    tf.dispose([x, y]);
    expect(report).toMatchObject({ images: 200, calibrationImages: 200, measuredOn: 'calibration', inFloat: [] });
    expect(report.agreement).toBeGreaterThanOrEqual(0.985);
    expect(report.accuracy!.int8).toBeGreaterThanOrEqual(report.accuracy!.float32 - 0.01);
    expect(report.layers.map(({ name }) => name)).toEqual(['1', '2', '4', '5', '6', '8', '10', '11']);
    expect(Math.min(...report.layers.map(({ sqnr }) => sqnr))).toBeGreaterThan(20);
    expect(report.bytes.int8).toBeLessThan(report.bytes.float32 / 3.8);
    expect(String(report)).toMatch(/of 200 calibration images have the class of float32\naccuracy /);
  });
});

describe('the graph', () => {
  it('has the weights of the moment of the call, and nothing to dispose of', async () => {
    const net = await small();
    const images = values(4, [6, 6, 3]);
    const expected = (await quantize(net, images)).graph;
    const promise = quantize(net, images);
    await loadStateDict(net, syntheticCheckpoint(await stateDict(net), 'other'));
    net.dispose();
    const { graph } = await promise;
    expect(await logitsOf(graph, images)).toEqual(await logitsOf(expected, images));
    expect(String(graph)).toMatch(/^small: 4 nodes\n/);
  });

  it('is the same for images as a tensor, as values, and as a list of batches', async () => {
    const net = await small();
    const images = values(5, [6, 6, 3]);
    const size = 6 * 6 * 3;
    const tensor = tf.tensor4d(images.values, [5, 6, 6, 3]);
    const parts: QuantizeImages = [
      { values: images.values.slice(0, 2 * size), shape: [2, 6, 6, 3] },
      { values: images.values.slice(2 * size), shape: [3, 6, 6, 3] },
    ];
    const graphs = [images, tensor, parts].map(async (each) => (await quantize(net, each)).graph.quantization);
    const [first, ...others] = await Promise.all(graphs);
    for (const other of others) expect(other).toEqual(first);
    expect(tensor.isDisposed).toBe(false);
    tensor.dispose();
    net.dispose();
  });

  it('rounds the values of a concatenation and of max poolings alike, and gives the logits in float32', async () => {
    const x = input({ shape: [8, 8, 3], name: 'x' });
    const signed = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'signed' }).apply(x);
    const a = layers.reLU({ name: 'a' }).apply(signed);
    const b = layers.conv2d({ filters: 4, kernelSize: 1, name: 'b' }).apply(x);
    const both = layers.concatenate({ name: 'both' }).apply([a, b] as SymbolicTensor[]);
    const pooled = layers.maxPooling2d({ poolSize: 2, name: 'pooled' }).apply(both);
    const c = layers.conv2d({ filters: 4, kernelSize: 3, name: 'c' }).apply(pooled);
    const curve = layers.activation({ activation: 'sigmoid', name: 'curve' }).apply(c);
    const y = layers.dense({ units: 5, name: 'y' }).apply(layers.globalAveragePooling2d({ name: 'g' }).apply(curve));
    const net = model({ inputs: x, outputs: y as SymbolicTensor, name: 'branches' });
    const images = values(4, [8, 8, 3]);
    const { graph, report } = await quantize(net, images);
    net.dispose();
    const { values: kept } = graph.quantization;
    const names = ['a.relu', 'b', 'both', 'pooled'];
    for (const name of names) expect(kept.get(name), name).toEqual(kept.get('b'));
    expect(kept.get('b')!.zeroPoint).toBeGreaterThan(0);
    expect(kept.has('y')).toBe(false);
    expect(report.layers.map(({ name }) => name)).toEqual([...names, 'c', 'curve.sigmoid', 'g', 'y']);
    expect(report.inFloat).toEqual([]);
  });

  it('leaves in float32 what is asked for, or what a search finds', async () => {
    const net = await small();
    const images = values(16, [6, 6, 3]);
    const names = (await quantize(net, images)).report.layers.map(({ name }) => name);
    const first = names[0]!;
    const asked = await quantize(net, images, { keepFloat: [first] });
    expect(asked.report.inFloat).toEqual([{ name: first, reason: 'was asked for' }]);
    expect(asked.graph.quantization.values.has(asked.graph.inputs[0]!.name)).toBe(false);
    expect((await quantize(net, images, { keepFloat: { agreement: 0 } })).report.inFloat).toEqual([]);
    net.dispose();
  });

  it('computes what the net does before it is rounded, with equalized weights too', async () => {
    const net = await small();
    const images = values(8, [6, 6, 3]);
    const { graph } = await quantize(net, images, { equalize: true, correctBias: false });
    const plain = await quantize(net, images, { correctBias: false });
    const engine = (of: QuantizedGraph) => ({ ...of, quantization: undefined }) as unknown as QuantizedGraph;
    const weights = (of: QuantizedGraph) =>
      Promise.all(of.nodes.flatMap((node) => (node.op === 'conv' ? [node.weight.read()] : [])));
    expect((await weights(graph))[0]).not.toEqual((await weights(plain.graph))[0]);
    expect(
      relativeError(await logitsOf(engine(graph), images), await logitsOf(engine(plain.graph), images)),
    ).toBeLessThanOrEqual(1e-5);
    net.dispose();
  });
});

describe('images of a Classifier', () => {
  it('are prepared as by classify', async () => {
    const net = await resnet20.pretrained();
    const images = Array.from({ length: 3 }, (_, i) =>
      tf.tensor3d(Int32Array.from(uniform(`pixels ${i}`, 40 * 36 * 3, 0, 255.99)), [40, 36, 3], 'int32'),
    );
    const done: string[] = [];
    const { graph, report } = await quantize(net, images, {
      onProgress: ({ work, done: count, total }) => done.push(`${work} ${count} of ${total}`),
    });
    expect(report.images).toBe(3);
    expect(report.warnings.join(' ')).toMatch(/3 images.*calibration images/);
    expect(done).toEqual(['calibrating 3 of 3', 'measuring 3 of 6', 'measuring 6 of 6']);
    expect(graph.facts.categories).toEqual(net.categories);
    net.dispose();
    tf.dispose(images);
  });

  it('stop by a signal', async () => {
    const net = await small();
    const stop = new AbortController();
    const images = values(80, [6, 6, 3]);
    const work = quantize(net, images, { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
    net.dispose();
  });
});

describe('refuses', () => {
  let net: LayersModel;
  beforeEach(async () => {
    net = await small();
  });

  const good = values(2, [6, 6, 3]);
  const spoiled = (value: number) => {
    const images = values(3, [6, 6, 3]);
    images.values[6 * 6 * 3 + 1] = value;
    return images;
  };

  it.each<[string, unknown, unknown, RegExp]>([
    ['one image', values(1, [6, 6, 3]), {}, /at least 2 images as images, received 1/],
    ['no image', [], {}, /at least 2 images as images, received 0/],
    ['NaN', spoiled(Number.NaN), {}, /image 1 has a value that is not finite/],
    ['Infinity', spoiled(Number.NEGATIVE_INFINITY), {}, /image 1 has a value that is not finite/],
    ['another size', values(2, [7, 7, 3]).values, {}, /expected images as a list/],
    ['other channels', values(2, [6, 6, 1]), {}, /takes \[any, any, any, 3\], received images of \[2,6,6,1\]/],
    ['three axes', values(6, [6, 3]), {}, /received images of \[6,6,3\]/],
    [
      'too few values',
      { values: new Float32Array(7), shape: [2, 6, 6, 3] },
      {},
      /the 216 values of \[2,6,6,3\], received 7/,
    ],
    ['another array', { values: [1, 2], shape: [2, 6, 6, 3] }, {}, /Float32Array/],
    ['sizes that differ', [values(2, [6, 6, 3]), values(2, [8, 8, 3])], {}, /one size/],
    ['files for a LayersModel', ['a.jpg', 'b.jpg'], {}, /states no preprocessing/],
    ['a mixture', ['a.jpg', good], {}, /not mixed/],
    ['an option', good, { bits: 4 }, /no option 'bits'/],
    ['a calibration', good, { calibration: 'mean' }, /expected calibration 'min-max', 'percentile', 'entropy'/],
    ['a percentile', good, { calibration: 'percentile', percentile: 5 }, /above 50/],
    ['a percentile of min-max', good, { percentile: 99 }, /calibration 'percentile'/],
    ['a flag', good, { equalize: 1 }, /equalize to be true or false/],
    ['a layer', good, { keepFloat: ['conv9'] }, /'conv9', which is no convolution/],
    ['a budget', good, { keepFloat: { agreement: 98 } }, /agreement.*from 0 to 1/],
    ['few labels', good, { labels: [1] }, /a label for each of the 2/],
    ['a label', good, { labels: [1, 4] }, /labels from 0 to 3, received 4/],
    ['a signal', good, { signal: {} }, /signal to be an AbortSignal/],
    ['test images', good, { test: values(1, [6, 6, 3]) }, /at least 2 images as test/],
  ])('%s', async (_, images, options, message) => {
    const fault = await quantize(net, images as QuantizeImages, options as QuantizeOptions).catch(
      (error: unknown) => error,
    );
    net.dispose();
    expect(fault).toBeInstanceOf(CnnzooError);
    expect((fault as Error).message).toMatch(message);
  });

  it('all layers in float32, a graph, and nets of several inputs or without a layer', async () => {
    const { graph } = await quantize(net, good);
    const all = graph.nodes.filter(({ op }) => op === 'conv' || op === 'linear').map(({ name }) => name);
    await expect(quantize(net, good, { keepFloat: all })).rejects.toThrow(/Leave one out/);
    await expect(quantize(graph as never, good)).rejects.toThrow(/quantized already/);
    net.dispose();
    const [a, b] = [input({ shape: [6, 6, 3] }), input({ shape: [6, 6, 3] })];
    const sum = layers.add().apply([a, b]) as SymbolicTensor;
    const y = layers.conv2d({ filters: 2, kernelSize: 1 }).apply(sum) as SymbolicTensor;
    const two = model({ inputs: [a, b], outputs: y, name: 'two' });
    await expect(quantize(two, good)).rejects.toThrow(/'two' has 2 inputs/);
    two.dispose();
    const pool = layers.globalAveragePooling2d({}).apply(a) as SymbolicTensor;
    const none = model({ inputs: a, outputs: pool, name: 'none' });
    await expect(quantize(none, good)).rejects.toThrow(/nothing to quantize/);
    none.dispose();
  });
});
