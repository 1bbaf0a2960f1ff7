// Nets and uses that an export or a session could answer wrongly in silence.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  avgPool,
  batchNorm,
  buildModel,
  conv,
  flatten,
  globalAvgPool,
  type Layer,
  linear,
  loadStateDict,
  maxPool,
  sameConv,
  seq,
  stateDict,
  useBackend,
} from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { logitsOf, PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage, uniform } from '../../../test/harness/synthetic.js';
import { createSession, exportGraphModel, exportOnnx, inferenceGraph } from '../src/index.js';
import { openGraphModel, runGraphModel } from './graph-model-files.js';
import { OnnxSession } from './onnx-runtime.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-unusual-'));
let files = 0;
const fresh = (ending = ''): string => join(directory, `${files++}${ending}`);
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('cpu');
});

const ENGINES = ['kernels', 'onnxruntime-node', 'onnxruntime-web', 'tfjs'] as const;
const faultOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => error,
  );
const stock = (shape: number[], through: (x: SymbolicTensor) => SymbolicTensor): LayersModel => {
  const image = input({ shape });
  return model({ inputs: image, outputs: through(image) });
};
const then = (layer: layers.Layer, x: SymbolicTensor): SymbolicTensor => layer.apply(x) as SymbolicTensor;

it('a list of maps with channels first is refused', () => {
  const net = stock([4, 5, 3], (x) => then(layers.flatten({ name: 'flat', dataFormat: 'channelsFirst' }), x));
  expect(() => inferenceGraph(net)).toThrow(/'flat'.*channelsFirst/);
  net.dispose();
});

it.each(ENGINES)('zeros before a max pool stay zeros on %s', async (engine) => {
  const padded = (x: SymbolicTensor) => then(layers.zeroPadding2d({ padding: 1 }), x);
  const net = stock([8, 8, 1], (x) =>
    then(layers.globalAveragePooling2d({}), then(layers.maxPooling2d({ poolSize: 3, strides: 2 }), padded(x))),
  );
  const session = await createSession(net, { engine });
  const image = new Float32Array(64).fill(-1);
  expect([...(await session.run(image, [1, 8, 8, 1]))]).toEqual([...logitsOf(net, image, [8, 8, 1])]);
  await session.dispose();
  net.dispose();
});

/** Compares both exports of a net that was built for any size, or for one, at sizes of their own. */
async function expectEverywhere(
  layer: Layer,
  built: [number | null, number | null],
  sizes: readonly [number, number][],
) {
  const net = buildModel('sized', seq([layer, globalAvgPool]), [...built, 2]);
  const open = buildModel('sized', seq([layer, globalAvgPool]), [null, null, 2]);
  const [file, folder] = [fresh('.onnx'), fresh()];
  const faults = [await faultOf(exportOnnx(net, file)), await faultOf(exportGraphModel(net, folder))];
  for (const [i, fault] of faults.entries()) {
    if (fault !== 'no error') {
      expect(fault).toMatchObject({ code: 'INPUT', message: expect.stringContaining('inputShape') });
      continue;
    }
    const session = i === 0 ? await OnnxSession.open(file) : undefined;
    const graph = i === 1 ? await openGraphModel(folder) : undefined;
    for (const [h, w] of sizes) {
      const image = syntheticImage(h, w, 2);
      let received: Float32Array | undefined;
      try {
        [received] = session ? await session.run(image, [1, h, w, 2]) : runGraphModel(graph!, image, [1, h, w, 2]);
      } catch {
        // A file of one size takes no other.
        expect([h, w]).not.toEqual(built);
        continue;
      }
      expect(relativeError(received!, logitsOf(open, image, [h, w, 2])), `${i} at ${h} x ${w}`).toBeLessThanOrEqual(
        PARITY,
      );
    }
    await session?.close();
    graph?.dispose();
  }
  net.dispose();
  open.dispose();
}

describe('windows that stick out, at sizes of which the net was not built', () => {
  const pools: Record<string, Layer> = {
    'max 3 2': maxPool(3, 2, 0, { ceilMode: true }),
    'max 2 3': maxPool(2, 3, 0, { ceilMode: true }),
    'max 3 3 1': maxPool(3, 3, 1, { ceilMode: true }),
    'avg 2 2 1': avgPool(2, 2, 1, { ceilMode: true }),
    'avg 3 2 1, uncounted': avgPool(3, 2, 1, { ceilMode: true, countIncludePad: false }),
    'avg 2 3': avgPool(2, 3, 0, { ceilMode: true }),
  };
  const sizes = [4, 5, 6, 7, 8, 9].flatMap(
    (h) =>
      [
        [h, h],
        [h, h + 1],
      ] as [number, number][],
  );
  it.each(Object.entries(pools))('%s', async (_, pool) => {
    await expectEverywhere(pool, [8, 8], sizes);
    await expectEverywhere(pool, [null, null], sizes);
  });
});

it('a permutation fixes the size: later weights may run over rows', async () => {
  const net = stock([8, 8, 3], (x) =>
    then(
      layers.globalAveragePooling2d({}),
      then(layers.batchNormalization({}), then(layers.permute({ dims: [3, 1, 2] }), x)),
    ),
  );
  expect(inferenceGraph(net).anySize).toBe(false);
  net.dispose();
});

it('a large weight is written in blocks, and as it is', async () => {
  await useBackend('wasm');
  // 1.4 and 1.1 million values; neither axis is a multiple of a block.
  const net = buildModel(
    'large',
    seq([conv(211, 27, { bias: false }), batchNorm(), flatten, linear(1801)]),
    [27, 29, 9],
  );
  await loadStateDict(net, syntheticCheckpoint(await stateDict(net)));
  const image = syntheticImage(27, 29, 9);
  const expected = logitsOf(net, image, [27, 29, 9]);
  for (const dtype of ['float32', 'float16'] as const) {
    const [file, folder] = [fresh('.onnx'), fresh()];
    const reads = vi.spyOn(tf.Tensor.prototype, 'data');
    await exportOnnx(net, file, { dtype });
    await exportGraphModel(net, folder, { dtype });
    const largest = Math.max(...reads.mock.contexts.map((tensor) => (tensor as tf.Tensor).size));
    reads.mockRestore();
    expect(largest).toBeLessThanOrEqual(2 ** 20);
    const bound = dtype === 'float32' ? PARITY : 2e-3;
    const session = await OnnxSession.open(file);
    expect(relativeError((await session.run(image, [1, 27, 29, 9]))[0]!, expected)).toBeLessThanOrEqual(bound);
    await session.close();
    const graph = await openGraphModel(folder);
    expect(relativeError(runGraphModel(graph, image, [1, 27, 29, 9])[0]!, expected)).toBeLessThanOrEqual(bound);
    graph.dispose();
  }
  net.dispose();
  await useBackend('cpu');
});

it("'logits' is the first output, whatever layers are called", async () => {
  const net = stock([6, 6, 3], (x) => then(layers.globalAveragePooling2d({}), x));
  const features = net.outputs[0]!;
  const first = then(layers.dense({ units: 2, name: 'main' }), features);
  const second = then(layers.dense({ units: 2, name: 'logits' }), features);
  const both = model({ inputs: net.inputs, outputs: [first, second] });
  const image = syntheticImage(6, 6, 3);
  const expected = logitsOf(both, image, [6, 6, 3]);
  const [file, folder] = [fresh('.onnx'), fresh()];
  await exportOnnx(both, file);
  const session = await OnnxSession.open(file);
  expect(session.session.outputNames[0]).toBe('logits');
  expect(relativeError((await session.run(image, [1, 6, 6, 3]))[0]!, expected)).toBeLessThanOrEqual(PARITY);
  await session.close();
  await exportGraphModel(both, folder);
  const { signature } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  expect(Object.keys(signature.outputs)[0]).toBe('logits');
  const graph = await openGraphModel(folder);
  const answer = tf.tidy(() => (graph.execute(tf.tensor4d(image, [1, 6, 6, 3]), 'logits') as tf.Tensor).dataSync());
  expect(relativeError(answer, expected)).toBeLessThanOrEqual(PARITY);
  graph.dispose();
  both.dispose();
});

it('two exports to one place: one is whole, the other an error', async () => {
  const nets = [1, 2].map(() => buildModel('twice', seq([conv(3, 3), globalAvgPool]), [6, 6, 3]));
  for (const write of [
    (net: LayersModel, place: string) => exportOnnx(net, `${place}.onnx`),
    (net: LayersModel, place: string) => exportGraphModel(net, place),
  ]) {
    const place = fresh();
    const faults = await Promise.all(nets.map((net) => faultOf(write(net, place))));
    expect(faults.filter((fault) => fault === 'no error')).toHaveLength(1);
    expect(faults.find((fault) => fault !== 'no error')).toMatchObject({ code: 'FILE' });
  }
  expect(readdirSync(directory).filter((name) => name.startsWith('.'))).toEqual([]);
  for (const net of nets) net.dispose();
});

describe.each(ENGINES)('a session on %s', (engine) => {
  const shape = [1, 6, 6, 1] as const;
  const make = () => buildModel('grey', seq([conv(3, 3), globalAvgPool, linear(2)]), [6, 6, 1]);

  it('has the images and the weights of the moment of the call', async () => {
    const net = make();
    const image = uniform('image', 36, -1, 1);
    const expected = logitsOf(net, image, [6, 6, 1]);
    const making = createSession(net, { engine });
    const zeros = new Map(
      [...(await stateDict(net))].map(([key, tensor]) => [
        key,
        { ...tensor, data: new Float32Array(tensor.data.length) },
      ]),
    );
    await loadStateDict(net, zeros);
    const session = await making;
    net.dispose();
    const given = image.slice();
    const answer = session.run(given, shape);
    given.fill(9);
    expect(relativeError(await answer, expected)).toBeLessThanOrEqual(PARITY);
    await session.dispose();
  });

  it('takes float32 alone, and says what the engine could not compute', async () => {
    const net = buildModel('open', seq([conv(3, 3), globalAvgPool]), [null, null, 1]);
    const session = await createSession(net, { engine });
    for (const batch of [
      new Float64Array(36),
      new Uint8Array(36),
      new Array(36).fill(0),
      'x'.repeat(36),
      { length: 36 },
      undefined,
    ])
      expect(await faultOf(session.run(batch as never, shape))).toMatchObject({ name: 'CnnzooError', code: 'INPUT' });
    // TensorFlow.js computes an empty map.
    if (engine !== 'tfjs')
      expect(await faultOf(session.run(new Float32Array(4), [1, 2, 2, 1]))).toMatchObject({
        code: engine === 'kernels' ? 'SHAPE' : 'BACKEND',
      });
    await session.dispose();
    net.dispose();
  });

  it('refuses maps as logits, and batches of one size', async () => {
    const maps = buildModel('maps', sameConv(2, 3), [4, 5, 3]);
    expect(await faultOf(createSession(maps, { engine }))).toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('exportOnnx'),
    });
    const fixed = model(
      (() => {
        const image = input({ batchShape: [4, 6, 6, 3] });
        return { inputs: image, outputs: then(layers.globalAveragePooling2d({}), image) };
      })(),
    );
    expect(await faultOf(createSession(fixed, { engine }))).toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('batch'),
    });
    maps.dispose();
    fixed.dispose();
  });
});
