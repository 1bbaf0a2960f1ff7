import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSafetensors, openTensors, type StateDict, useBackend } from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LazyTensor } from '../../src/checkpoint/tensors.js';
import { writeFileAtomic } from '../../src/platform/node/files.js';
import { loadTensors } from '../../src/state-dict/load.js';

// Whole groups of eight outputs, less than one, and one more; files too large for one small read, and small ones.
const SHAPES: Record<string, number[]> = {
  'stem.weight': [16, 3, 7, 7],
  'stem.bias': [16],
  'odd.weight': [13, 5, 3, 2],
  'narrow.weight': [3, 4, 1, 1],
  'large.weight': [72, 64, 3, 3],
  'scalar.value': [],
  'fc.weight': [9, 17],
  'fc.bias': [9],
};

let folder: string;
let path: string;
const state: StateDict = new Map(
  Object.entries(SHAPES).map(([key, shape], k) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return [key, { shape, dtype: 'float32', data: Float32Array.from({ length: size }, (_, i) => i + 1e5 * k) }];
  }),
);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnnzoo-read-'));
  path = join(folder, 'net.safetensors');
  await writeFileAtomic(path, encodeSafetensors(state));
});
afterAll(() => rm(folder, { recursive: true }));

/** OIHW -> HWIO and [out, in] -> [in, out], as tfjs does it. */
function transposed(key: string): tf.Tensor {
  const { shape, data } = state.get(key)!;
  const tensor = tf.tensor(data as Float32Array, [...shape], 'float32');
  if (shape.length < 2) return tensor;
  return tf.transpose(tensor, shape.length === 4 ? [2, 3, 1, 0] : [1, 0]);
}

describe.each(['wasm', 'cpu'] as const)('on %s', (name) => {
  beforeAll(async () => {
    await useBackend(name);
  });

  test('every tensor keeps its own values, in the layout of tfjs', async () => {
    const file = await openTensors(path);
    const read = new Map<string, tf.Tensor>();
    for await (const [key, tensor] of loadTensors([...file.tensors])) read.set(key, tensor);
    await file.close();
    expect([...read.keys()].sort()).toEqual(Object.keys(SHAPES).sort());
    for (const [key, tensor] of read)
      tf.tidy(() => {
        const expected = transposed(key);
        expect(tensor.shape, key).toEqual(expected.shape);
        expect(tensor.dataSync(), key).toEqual(expected.dataSync());
      });
    tf.dispose([...read.values()]);
  });

  test('a tensor that cannot be read ends it, and nothing is left', async () => {
    const file = await openTensors(path);
    const broken: LazyTensor = {
      shape: [2],
      dtype: 'float32',
      stored: 'F32',
      read: () => Promise.reject(new Error('broken')),
    };
    const keys: string[] = [];
    const reading = async (): Promise<void> => {
      const [first, second] = [...file.tensors];
      for await (const [key, tensor] of loadTensors([first!, second!, ['broken', broken], ['after', broken]])) {
        keys.push(key);
        tensor.dispose();
      }
    };
    await expect(reading()).rejects.toThrow('broken');
    await file.close();
    expect(keys).toHaveLength(2);
  });
});
