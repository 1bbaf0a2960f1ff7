import { useBackend } from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { PARITY, relativeError } from '../../../test/harness/parity.js';
import { uniform } from '../../../test/harness/synthetic.js';
import { inferenceGraph } from '../src/index.js';
import { KernelsEngine } from '../src/kernels/index.js';
import { testExports } from './exports.js';

testExports('the kernels', async (net) => {
  const engine = await KernelsEngine.create(inferenceGraph(net));
  return { run: (images, shape) => engine.run(images, shape), close: () => engine.dispose() };
});

/** Returns numbers from 0 to `below` - 1 in an order that the seed decides. */
function counterOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Builds a net of convolutions, sums, concatenations and pools that read each other at random. */
function randomNet(seed: number): { readonly net: LayersModel; readonly made: readonly tf.Tensor[] } {
  const pick = counterOf(seed);
  const image = input({ shape: [7, 9, 3] });
  const values: SymbolicTensor[] = [image];
  const made: tf.Tensor[] = [];
  const some = () => values[pick(values.length)]!;
  const add = (value: ReturnType<ReturnType<typeof layers.add>['apply']>) => values.push(value as SymbolicTensor);
  const convolved = (x: SymbolicTensor, filters: number) => {
    const layer = layers.conv2d({
      filters,
      kernelSize: [1, 3][pick(2)]!,
      padding: 'same',
      activation: pick(2) === 0 ? 'relu' : 'linear',
      biasInitializer: 'randomNormal',
    });
    const y = layer.apply(x) as SymbolicTensor;
    made.push(...layer.weights.map((weight) => weight.read()));
    return y;
  };
  add(convolved(image, 4));
  for (let i = 0; i < 8; i++)
    switch (pick(5)) {
      case 0:
        // tfjs frees a value too early that a layer reads twice.
        add(layers.concatenate().apply([...new Set([some(), some(), image, values[1]!])].slice(0, 2 + pick(2))));
        break;
      case 1:
        add(layers.maxPooling2d({ poolSize: 3, strides: 1, padding: 'same' }).apply(some()));
        break;
      case 2: {
        const shortcut = some();
        const sum = layers.add().apply([shortcut, convolved(some(), shortcut.shape.at(-1)!)]) as SymbolicTensor;
        add(pick(2) ? sum : layers.reLU().apply(sum));
        break;
      }
      default:
        add(convolved(some(), [4, 5, 24][pick(3)]!));
    }
  const other = values[1 + pick(values.length - 2)]!;
  return { net: model({ inputs: image, outputs: [values.at(-1)!, other] }), made };
}

describe('the memory of a graph', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it.each(Array.from({ length: 40 }, (_, seed) => seed))('is shared without harm, net %i', async (seed) => {
    const { net, made } = randomNet(seed);
    const images = uniform('images', 2 * 7 * 9 * 3, -1, 1);
    const expected = tf.tidy(() =>
      (net.apply(tf.tensor4d(images, [2, 7, 9, 3])) as tf.Tensor[]).map((each) => each.dataSync() as Float32Array),
    );
    const graph = inferenceGraph(net);
    for (const observe of [false, true]) {
      const engine = await KernelsEngine.create(graph, { observe });
      // A second run finds the memory as the first has left it.
      for (const _ of [1, 2]) {
        const seen: string[] = [];
        const received = await engine.run(images, [2, 7, 9, 3], observe ? ({ name }) => seen.push(name) : undefined);
        for (const [i, values] of expected.entries())
          expect(relativeError(received[i]!, values), `output ${i}`).toBeLessThanOrEqual(PARITY);
        if (observe) expect(seen).toEqual([graph.inputs[0]!.name, ...graph.nodes.map(({ name }) => name)]);
      }
      await engine.dispose();
    }
    tf.dispose([...made]);
  });
});

describe('shapes of a graph', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  const conv = (x: SymbolicTensor, filters: number) =>
    layers.conv2d({ filters, kernelSize: 3, padding: 'same' }).apply(x) as SymbolicTensor;

  it.each([1, 2])('joins lists of vectors along axis %i', async (axis) => {
    const image = input({ shape: [4, 6, 3] });
    const list = (filters: number) => layers.reshape({ targetShape: [24, filters] }).apply(conv(image, filters));
    const joined = layers.concatenate({ axis }).apply([list(5), list(axis === 1 ? 5 : 7)] as SymbolicTensor[]);
    const net = model({ inputs: image, outputs: layers.flatten().apply(joined) as SymbolicTensor });
    const images = uniform('lists', 2 * 4 * 6 * 3, -1, 1);
    const expected = tf.tidy(() => (net.predict(tf.tensor4d(images, [2, 4, 6, 3])) as tf.Tensor).dataSync());
    const engine = await KernelsEngine.create(inferenceGraph(net));
    const [received] = await engine.run(images, [2, 4, 6, 3]);
    expect(relativeError(received!, expected)).toBeLessThanOrEqual(PARITY);
    await engine.dispose();
    net.dispose();
  });

  it.each([
    ['a concatenation', () => layers.concatenate()],
    // Two rows and one: the image is too small, and nothing is repeated.
    ['a sum', () => layers.add()],
  ])('%s of maps of two sizes is refused', async (_name, joining) => {
    const image = input({ shape: [null, null, 3] });
    const half = layers.averagePooling2d({ poolSize: 2 }).apply(image) as SymbolicTensor;
    const padded = layers.zeroPadding2d({ padding: 1 }).apply(image) as SymbolicTensor;
    const strided = layers.conv2d({ filters: 3, kernelSize: 3, strides: 2 }).apply(padded) as SymbolicTensor;
    const net = model({ inputs: image, outputs: joining().apply([half, strided]) as SymbolicTensor });
    const engine = await KernelsEngine.create(inferenceGraph(net));
    await expect(engine.run(new Float32Array(27), [1, 3, 3, 3])).rejects.toMatchObject({ code: 'SHAPE' });
    await engine.run(new Float32Array(4 * 6 * 3), [1, 4, 6, 3]);
    await engine.dispose();
    net.dispose();
  });
});
