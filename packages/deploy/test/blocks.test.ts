// Large weights leave in blocks, each read once: on wasm a slice would copy the whole weight for every block.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { logitsOf, PARITY, relativeError } from '../../../test/harness/parity.js';
import { createSession, exportGraphModel, exportOnnx } from '../src/index.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-blocks-'));
let net: LayersModel;

beforeAll(async () => {
  await useBackend('wasm');
  net = sequential({ layers: [layers.flatten({ inputShape: [8, 8, 40] }), layers.dense({ units: 700 })] });
});
afterAll(() => {
  net.dispose();
  rmSync(directory, { recursive: true });
});

describe('a weight of 1.8 million values', () => {
  it('is copied from the heap at most once for an export', async () => {
    const weight = 8 * 8 * 40 * 700;
    const backend = tf.backend() as unknown as { readSync(...args: unknown[]): ArrayLike<number> };
    const read = vi.spyOn(backend, 'readSync');
    const values = () => read.mock.results.reduce((sum, { value }) => sum + (value as ArrayLike<number>).length, 0);
    await exportOnnx(net, join(directory, 'net.onnx'));
    expect(values()).toBeLessThan(1.1 * weight);
    read.mockClear();
    await exportGraphModel(net, join(directory, 'net'));
    expect(values()).toBeLessThan(1.1 * weight);
    read.mockRestore();
  });

  it('is right in a session', async () => {
    const image = Float32Array.from({ length: 8 * 8 * 40 }, (_, i) => Math.sin(i));
    const session = await createSession(net, { engine: 'onnxruntime-web' });
    const logits = await session.run(image, [1, 8, 8, 40]);
    expect(relativeError(logits, logitsOf(net, image, [8, 8, 40]))).toBeLessThanOrEqual(PARITY);
    await session.dispose();
  });
});
