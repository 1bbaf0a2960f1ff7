// Masks and weights that depend on shapes alone are uploaded once for each backend, and are no leak.
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import { constant, dropConstants } from '../../src/backend/constants.js';
import {
  adaptiveAvgPool,
  avgPool,
  batchNorm,
  buildModel,
  conv,
  flatten,
  groupNorm,
  type Layer,
  linear,
  localResponseNorm,
  seq,
  useBackend,
} from '../../src/index.js';
import { sgd, train } from '../../src/train.js';
import { noise } from '../train/nets.js';

beforeEach(async () => {
  await useBackend('cpu');
  dropConstants(tf.engine().backend);
});
afterEach(() => vi.restoreAllMocks());

/** Sizes of the tensors of more than one value that come from main memory while `work` runs. */
async function uploadsOf(work: () => unknown): Promise<number[]> {
  const made = vi.spyOn(tf.engine(), 'makeTensor');
  await work();
  const sizes = made.mock.results.map(({ value }) => (value as tf.Tensor).size).filter((size) => size > 1);
  made.mockRestore();
  return sizes;
}

const LAYERS: Record<string, [layer: Layer, sizes: number[]]> = {
  'local response normalisation': [localResponseNorm(3), [16]],
  'adaptive pooling of sizes that do not divide': [adaptiveAvgPool(4), [24, 20]],
  'pooling that counts no padding': [avgPool(3, 2, 1, { countIncludePad: false }), [9]],
};

describe('a second forward pass uploads nothing', () => {
  it.each(Object.entries(LAYERS))('of %s', async (_, [layer, sizes]) => {
    const net = buildModel('own', seq([layer]), [6, 5, 4]);
    const x = tf.randomNormal([2, 6, 5, 4], 0, 1, 'float32', 1);
    const answers: Float32Array[] = [];
    const pass = async () => {
      const y = net.predict(x) as tf.Tensor;
      answers.push((await y.data<'float32'>()).slice());
      y.dispose();
    };
    const before = tf.memory().numTensors;
    expect(await uploadsOf(pass)).toEqual(sizes);
    expect(await uploadsOf(pass)).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
    expect(answers[1]).toEqual(answers[0]);
    net.dispose();
    x.dispose();
  });

  it('of a grouped convolution, on a backend that bundles its groups', async () => {
    const net = buildModel('own', seq([conv(8, 3, { groups: 4 })]), [6, 5, 8]);
    const x = tf.randomNormal([2, 6, 5, 8], 0, 1, 'float32', 1);
    const pass = async () => {
      const y = net.predict(x) as tf.Tensor;
      const values = (await y.data<'float32'>()).slice();
      y.dispose();
      return values;
    };
    // The cpu backend alone takes each group by itself.
    expect(await uploadsOf(pass)).toEqual([]);
    const expected = await pass();
    tf.copyRegisteredKernels('cpu', 'cpu-by-another-name');
    tf.registerBackend('cpu-by-another-name', () => new MathBackendCPU());
    await tf.setBackend('cpu-by-another-name');
    expect(relativeError(await pass(), expected)).toBeLessThan(1e-5);
    expect(await uploadsOf(pass)).toEqual([]);
    dropConstants(tf.engine().backend);
    expect(await uploadsOf(pass)).toEqual([16]);
    net.dispose();
    x.dispose();
    tf.removeBackend('cpu-by-another-name');
  });
});

describe('a second training step', () => {
  let net: LayersModel;
  beforeEach(() => {
    net = buildModel(
      'own',
      seq([
        conv(4, 3),
        batchNorm(),
        groupNorm(2),
        localResponseNorm(3),
        adaptiveAvgPool(5),
        avgPool(3, 2, 1, { countIncludePad: false }),
        flatten,
        linear(4),
      ]),
      [6, 5, 1],
    );
  });
  afterEach(() => net.dispose());

  it('uploads its images and labels, and reads once from the backend', async () => {
    const steps = train(net, await noise(24, 1), { optimizer: sgd({ lr: 0.01, momentum: 0.9 }), batchSize: 8 });
    await steps.next();
    const { backend } = tf.engine();
    const read = vi.spyOn(backend, 'read');
    const sizes = await uploadsOf(() => steps.next());
    expect(sizes).toEqual([8 * 30, 8]);
    // The labels are checked too: they are in main memory until a kernel takes them.
    expect(read).toHaveBeenCalledTimes(2);
    await steps.return();
  });
});

describe('a constant', () => {
  const values = () => Float32Array.of(1, 2, 3);
  const make = (key: string, size = 3) => constant<tf.Tensor1D>(key, [size], () => new Float32Array(size).fill(7));

  it('has the same values again after its tensors are disposed of, and each tensor is the caller’s', async () => {
    for (let i = 0; i < 3; i++) {
      const tensor = constant<tf.Tensor1D>('values', [3], values);
      expect([...(await tensor.data())]).toEqual([1, 2, 3]);
      tensor.dispose();
    }
  });

  it('outlives its place among the constants while a tensor has it', async () => {
    const tensor = make('dropped');
    dropConstants(tf.engine().backend);
    expect([...(await tensor.data())]).toEqual([7, 7, 7]);
    const { dataId } = tensor;
    tensor.dispose();
    expect(tf.engine().backend.refCount(dataId)).toBe(0);
  });

  it('is dropped when others have taken the room, the one used longest ago first', async () => {
    const buffers = tf.memory().numDataBuffers;
    const half = 2 ** 19;
    const again = (key: string) => uploadsOf(() => make(key, half).dispose());
    expect(await again('a')).toEqual([half]);
    expect(await again('b')).toEqual([half]);
    expect(await again('a')).toEqual([]);
    expect(await again('c')).toEqual([half]);
    expect(await again('a')).toEqual([]);
    expect(await again('b')).toEqual([half]);
    dropConstants(tf.engine().backend);
    expect(tf.memory().numDataBuffers).toBe(buffers);
  });

  it('is one of at most 128', async () => {
    const again = (key: string) => uploadsOf(() => make(key).dispose());
    for (let i = 0; i < 128; i++) expect(await again(`${i}`)).toEqual([3]);
    expect(await again('0')).toEqual([]);
    await again('128');
    expect(await again('0')).toEqual([]);
    expect(await again('1')).toEqual([3]);
  });

  it('larger than all the room is not kept', () => {
    const tensor = make('large', 2 ** 20 + 1);
    const { dataId } = tensor;
    tensor.dispose();
    expect(tf.engine().backend.refCount(dataId)).toBe(0);
  });

  it('belongs to its backend, and comes anew if its data have moved to another', async () => {
    const first = make('moved');
    await useBackend('wasm');
    const second = make('moved');
    expect(second.dataId).not.toBe(first.dataId);
    // A kernel of wasm takes a tensor of cpu there.
    tf.dispose([tf.neg(first), first]);
    await useBackend('cpu');
    const third = make('moved');
    expect([...(await third.data())]).toEqual([7, 7, 7]);
    tf.dispose([second, third]);
  });
});
