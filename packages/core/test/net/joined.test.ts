import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, type SymbolicTensor, model as stockModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NetModel } from '../../src/graph/net-model.js';
import { tapOf } from '../../src/graph/taps.js';
import {
  batchNorm,
  buildModel,
  conv,
  globalAvgPool,
  linear,
  Random,
  relu,
  residual,
  sameConv,
  seq,
  useBackend,
} from '../../src/index.js';
import { withRandom } from '../../src/util/random.js';

const project = (channels: number, stride: number) => seq([conv(channels, 1, { stride, bias: false }), batchNorm()]);
const block = (width: number, stride = 1) =>
  residual(
    {
      conv1: sameConv(width, 3, { stride, bias: false }),
      bn1: batchNorm(),
      relu,
      conv2: sameConv(width, 3, { bias: false }),
      bn2: batchNorm(),
    },
    { stride, project },
  );

/** A small ResNet: a stem, a block as it is and one with a projection. 6 BatchNorms, 5 ReLUs, 2 additions. */
const makeNet = (): LayersModel =>
  withRandom(new Random(1), () =>
    buildModel(
      'small',
      seq({
        conv: sameConv(5, 3, { bias: false }),
        bn: batchNorm(),
        relu,
        a: block(5),
        b: block(8, 2),
        pool: globalAvgPool,
        fc: linear(3),
      }),
      [null, null, 3],
    ),
  );

const images = (count = 4): tf.Tensor4D => tf.randomNormal([count, 9, 7, 3], 0, 1, 'float32', 3);
const values = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);

/** The same layers, each by itself. */
const apart = ({ inputs, outputs }: LayersModel): LayersModel => stockModel({ inputs, outputs });

/** How often each kernel runs in `run`. */
async function kernelsOf(run: () => tf.Tensor | tf.Tensor[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const { kernels } = await tf.profile(() => {
    tf.dispose(run());
    return [];
  });
  for (const { name } of kernels) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

let net: LayersModel;

/** Statistics that are not those of a fresh net. */
function unsettle(): void {
  const random = new Random(2);
  for (const weight of net.weights)
    if (weight.shape.length === 1)
      tf.tidy(() => {
        weight.write(tf.tensor1d(random.fillUniform(new Float32Array(weight.shape[0]!), 0.5, 1.5)));
      });
}

/** The loss' gradients by all weights that are trainable and by the image, and what is left of the statistics. */
function gradients(model: LayersModel, training: boolean): number[][] {
  const saved = net.weights.map((weight) => tf.clone(weight.read()));
  const x = images();
  const variables = net.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const image = tf.variable(x);
  const { value, grads } = tf.variableGrads(
    () => tf.sum(tf.square(model.apply(image, { training }) as tf.Tensor)) as tf.Scalar,
    [...variables, image],
  );
  const result = values([value, ...[...variables, image].map(({ name }) => grads[name]!)]);
  result.push(...values(net.weights.map((weight) => weight.read())));
  net.weights.forEach((weight, i) => {
    weight.write(saved[i]!);
  });
  tf.dispose([value, ...Object.values(grads), x, image, ...saved]);
  return result;
}

function expectClose(received: number[][], expected: number[][], bound: number): void {
  expect(received.length).toBe(expected.length);
  expected.forEach((row, i) => {
    const largest = Math.max(...row.map(Math.abs));
    const difference = Math.max(...row.map((value, at) => Math.abs(value - received[i]![at]!)));
    expect(difference, `row ${i}`).toBeLessThanOrEqual(bound * largest);
  });
}

describe('on wasm', () => {
  beforeAll(() => useBackend('wasm'));
  beforeEach(() => {
    net = makeNet();
    unsettle();
  });
  afterEach(() => net.dispose());

  it('a net that is joined gives, bit by bit, what its layers give each by itself', () => {
    const x = images();
    const outputs = [net, apart(net)].flatMap((model) => [
      model.predict(x) as tf.Tensor,
      model.apply(x, { training: false }) as tf.Tensor,
      model.predictOnBatch(x) as tf.Tensor,
    ]);
    const [first, ...others] = values(outputs);
    for (const other of others) expect(other).toEqual(first);
    tf.dispose([x, ...outputs]);
  });

  it.each([true, false])('and their gradients and statistics: training %s', (training) => {
    expectClose(gradients(net, training), gradients(apart(net), training), 1e-6);
  });

  it('and where the layers are frozen, in training', () => {
    for (const layer of net.layers) if (/bn|downsample/.test(layer.name)) layer.trainable = false;
    expectClose(gradients(net, true), gradients(apart(net), true), 1e-6);
  });

  it('runs neither ReLU nor addition as a kernel of its own', async () => {
    const x = images();
    for (const run of [
      () => net.predict(x) as tf.Tensor,
      () => net.apply(x, { training: true }) as tf.Tensor,
      () => net.apply(x) as tf.Tensor,
    ]) {
      const { CnnzooBatchNorm = 0, CnnzooBatchNormInference = 0, ...counts } = await kernelsOf(run);
      expect(CnnzooBatchNorm + CnnzooBatchNormInference).toBe(6);
      expect(counts).not.toHaveProperty('Relu');
    }
    expect((await kernelsOf(() => apart(net).predict(x) as tf.Tensor)).Relu).toBe(5);
    x.dispose();
  });

  it('a tap sees what its layer gives, and what no one sees stays joined', async () => {
    const x = images();
    const names = net.layers.slice(1).map(({ name }) => name);
    const all = tapOf(net, names);
    expect(all).toBeInstanceOf(NetModel);
    tf.tidy(() => {
      const expected = values(apart(all).predict(x) as tf.Tensor[]);
      expect(values(all.predict(x) as tf.Tensor[])).toEqual(expected);
      names.forEach((name, i) => {
        const [received] = values([tapOf(net, [name]).predict(x) as tf.Tensor]);
        expect(received, name).toEqual(expected[i]);
        if (/bn|add$/.test(name)) expect(Math.min(...received!), name).toBeLessThan(0);
      });
    });
    for (const name of ['bn', 'a.add', 'a.bn2'])
      expect((await kernelsOf(() => tapOf(net, [name, 'fc']).predict(x) as tf.Tensor[])).Relu, name).toBe(1);
    x.dispose();
  });

  it('a layer that is used twice is not joined', () => {
    const x = images();
    const shared = net.getLayer('bn');
    const [before, behind] = [net.getLayer('conv').output, net.getLayer('relu').output] as SymbolicTensor[];
    const twice = new NetModel({ inputs: net.inputs, outputs: [behind!, shared.apply(before!) as SymbolicTensor] });
    tf.tidy(() => {
      const [positive, normal] = twice.predict(x) as [tf.Tensor, tf.Tensor];
      expect(values([tf.relu(normal)])).toEqual(values([positive]));
      expect(Math.min(...normal.dataSync())).toBeLessThan(0);
    });
    x.dispose();
    // It counts both of its uses, and the net's end is that of one.
    shared.dispose();
  });
});

it('on a backend without the kernels each layer computes by itself', async () => {
  await useBackend('cpu');
  net = makeNet();
  tf.tidy(() => {
    const x = images();
    const [joined, each] = [net, apart(net)].map((model) => model.predict(x) as tf.Tensor);
    expect(values([joined!])).toEqual(values([each!]));
  });
  net.dispose();
});
