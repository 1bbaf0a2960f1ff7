// Exports refuse what they can't write, and leave nothing behind.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  buildModel,
  Classifier,
  conv,
  globalAvgPool,
  linear,
  loadStateDict,
  MaxPool2d,
  seq,
  stateDict,
  useBackend,
} from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { uniform } from '../../../test/harness/synthetic.js';
import {
  exportGraphModel,
  exportOnnx,
  exportTriton,
  inferenceGraph,
  quantize,
  saveGraph,
  saveQuantized,
} from '../src/index.js';
import { openGraphModel, runGraphModel } from './graph-model-files.js';
import { OnnxSession } from './onnx-runtime.js';
import { quantizedByHand } from './quantized-by-hand.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-refused-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('cpu');
});

const at = (name: string): string => join(directory, name);
const faultOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => error,
  );

let net: LayersModel;
beforeEach(() => {
  net = buildModel('small', seq([conv(4, 3), globalAvgPool, linear(3)]), [6, 6, 3]);
});
afterEach(() => {
  net.dispose();
  for (const name of readdirSync(directory)) rmSync(at(name), { recursive: true });
});

class Twice extends layers.Layer {
  static readonly className = 'Twice';
  override call(x: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.mul([x].flat()[0]!, 2);
  }
}

const stock = (layer: layers.Layer, shape = [6, 6, 3]): LayersModel => {
  const image = input({ shape });
  return model({ inputs: image, outputs: layer.apply(image) as SymbolicTensor });
};

describe('a layer that no graph has is named', () => {
  it.each<[string, () => layers.Layer, RegExp]>([
    ['a class of its own', () => new Twice({ name: 'doubled' }), /'doubled', a Twice, is of a class/],
    ['PReLU', () => layers.prelu({ name: 'slopes' }), /'slopes', a PReLU/],
    ['an activation', () => layers.activation({ name: 'act', activation: 'gelu' as never }), /'act'.*'gelu'/],
    [
      'channels first',
      () => layers.maxPooling2d({ name: 'pool', poolSize: 2, dataFormat: 'channelsFirst' }),
      /'pool'.*channelsFirst/,
    ],
    ['a norm of rows', () => layers.batchNormalization({ name: 'norm', axis: 1 }), /'norm'.*axis 1/],
  ])('%s', async (_, make, message) => {
    const other = stock(make());
    expect(() => inferenceGraph(other)).toThrow(message);
    for (const write of [exportOnnx(other, at('a.onnx')), exportGraphModel(other, at('a'))])
      expect(await faultOf(write)).toMatchObject({ code: 'INPUT', message: expect.stringMatching(message) });
    expect(readdirSync(directory)).toEqual([]);
    other.dispose();
  });

  it('a subclass of one that it has', () => {
    class Louder extends MaxPool2d {}
    const other = stock(new Louder({ name: 'loud', kernelSize: 2, stride: 2, padding: 0, ceilMode: false }));
    expect(() => inferenceGraph(other)).toThrow(/'loud'/);
    other.dispose();
  });
});

describe('options and values are checked', () => {
  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['a value that is no net', () => exportOnnx({} as never, at('a.onnx')), /Expected a net/],
    [
      'another dtype',
      () => exportOnnx(net, at('a.onnx'), { dtype: 'int4' as never }),
      /'float32', 'float16' or 'int8'/,
    ],
    ['8 bits of a net', () => exportOnnx(net, at('a.onnx'), { dtype: 'int8' }), /await quantize\(net, images\)/],
    ['another opset', () => exportOnnx(net, at('a.onnx'), { opset: 12 }), /18, 19/],
    ['an unknown option', () => exportOnnx(net, at('a.onnx'), { quantize: true } as never), /no option 'quantize'/],
    ['another ending', () => exportOnnx(net, at('a.pb')), /'\.onnx'/],
    ['another dtype of a GraphModel', () => exportGraphModel(net, at('a'), { dtype: 'int4' as never }), /uint8/],
    ['an option of the other', () => exportGraphModel(net, at('a'), { opset: 18 } as never), /no option 'opset'/],
    ['a path that is none', () => exportGraphModel(net, 7 as never), /path/],
  ])('%s', async (_, write, message) => {
    expect(await faultOf(write())).toMatchObject({ code: 'INPUT', message: expect.stringMatching(message) });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('a net that was disposed of', async () => {
    const gone = buildModel('gone', conv(2, 3), [3, 3, 3]);
    const graph = inferenceGraph(gone);
    gone.dispose();
    expect(await faultOf(exportOnnx(gone, at('a.onnx')))).toMatchObject({ code: 'INPUT' });
    const [node] = graph.nodes;
    expect(await faultOf((node as { weight: { read(): Promise<unknown> } }).weight.read())).toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('disposed of'),
    });
  });

  it('weights that changed after the graph was made', async () => {
    const graph = inferenceGraph(net);
    const [node] = graph.nodes;
    const { weight } = node as { weight: { read(): Promise<Float32Array> } };
    expect((await weight.read()).length).toBe(108);
    await loadStateDict(net, await stateDict(net));
    expect(await faultOf(weight.read())).toMatchObject({ code: 'INPUT', message: expect.stringContaining('changed') });
  });
});

describe('what is there stays', () => {
  it('a file of the name', async () => {
    writeFileSync(at('a.onnx'), 'mine');
    expect(await faultOf(exportOnnx(net, at('a.onnx')))).toMatchObject({ code: 'FILE' });
    expect(readFileSync(at('a.onnx'), 'utf8')).toBe('mine');
  });

  it('a directory with something in it, and a file in the place of one', async () => {
    mkdirSync(at('a'));
    writeFileSync(join(at('a'), 'notes.txt'), 'mine');
    expect(await faultOf(exportGraphModel(net, at('a')))).toMatchObject({ code: 'FILE' });
    expect(readdirSync(at('a'))).toEqual(['notes.txt']);
    expect(await faultOf(exportGraphModel(net, join(at('a'), 'notes.txt')))).toMatchObject({ code: 'FILE' });
  });

  it('nothing of a failed export', async () => {
    const state = await stateDict(net);
    state.get('2.weight')!.data[0] = 1e30;
    await loadStateDict(net, state);
    for (const dtype of ['float16', 'uint8'] as const)
      expect(await faultOf(exportGraphModel(net, at('b'), { dtype }))).toMatchObject({
        code: 'INPUT',
        message: expect.stringContaining("'2.weight'"),
      });
    expect(await faultOf(exportOnnx(net, at('b.onnx'), { dtype: 'float16' }))).toMatchObject({ code: 'INPUT' });
    expect(existsSync(at('b.onnx'))).toBe(false);
    expect(existsSync(at('b')) ? readdirSync(at('b')) : []).toEqual([]);
  });
});

describe('stored in fewer bytes', () => {
  const images = uniform('images', 2 * 6 * 6 * 3, -2, 2);
  const errorOf = (received: Float32Array, expected: Float32Array): number =>
    Math.max(...received.map((value, i) => Math.abs(value - expected[i]!))) / Math.max(...expected.map(Math.abs));

  it('the answers are close, and the facts are there', async () => {
    const preprocessing = {
      resize: null,
      crop: [6, 6],
      channels: 3,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      interpolation: 'bilinear',
    } as const;
    const classifier = new Classifier({ model: net, preprocessing, categories: ['a', 'b', 'c'] });
    const expected = tf.tidy(
      () => (net.predict(tf.tensor4d(images, [2, 6, 6, 3])) as tf.Tensor).dataSync() as Float32Array,
    );
    for (const [dtype, bound] of [
      ['float16', 2e-3],
      ['uint8', 3e-2],
    ] as const) {
      await exportGraphModel(classifier, at(dtype), { dtype });
      const graph = await openGraphModel(at(dtype));
      const [received] = runGraphModel(graph, images, [2, 6, 6, 3]);
      graph.dispose();
      expect(errorOf(received!, expected)).toBeLessThan(bound);
      const { userDefinedMetadata } = JSON.parse(readFileSync(join(at(dtype), 'model.json'), 'utf8'));
      expect(userDefinedMetadata).toEqual({
        model: 'small',
        activation: 'softmax',
        categories: ['a', 'b', 'c'],
        preprocessing,
      });
    }
    await exportOnnx(classifier, at('half.onnx'), { dtype: 'float16' });
    const session = await OnnxSession.open(at('half.onnx'));
    const [received] = await session.run(images, [2, 6, 6, 3]);
    await session.close();
    expect(errorOf(received!, expected)).toBeLessThan(2e-3);
  });
});

describe('a graph in place of a net', () => {
  it.each<[string, (graph: never) => Promise<unknown>]>([
    ['exportOnnx', (graph) => exportOnnx(graph, at('net.onnx'))],
    ['exportGraphModel', (graph) => exportGraphModel(graph, at('net'))],
    ['exportTriton', (graph) => exportTriton(graph, at('models'))],
    ['saveGraph', (graph) => saveGraph(graph, at('net.safetensors'))],
    ['quantize', (graph) => quantize(graph, [])],
    ['inferenceGraph', async (graph) => inferenceGraph(graph)],
  ])('%s names it', async (_name, work) => {
    const fault = await faultOf(work(inferenceGraph(net) as never));
    expect(fault).toMatchObject({ code: 'INPUT', message: expect.stringContaining("received the graph 'small'") });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is named by saveQuantized, and one in 8 bits by exportGraphModel', async () => {
    const graph = inferenceGraph(net);
    expect(await faultOf(saveQuantized(graph as never, at('net.safetensors')))).toMatchObject({
      message: expect.stringContaining("received the graph 'small' in float32"),
    });
    expect(await faultOf(exportGraphModel((await quantizedByHand(graph)) as never, at('net')))).toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('received a quantized graph'),
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});
