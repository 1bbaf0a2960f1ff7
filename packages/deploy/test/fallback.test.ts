// createSession in a place where no onnxruntime is installed.
import { useBackend } from '@cnnzoo/core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it, vi } from 'vitest';
import { createSession } from '../src/index.js';

vi.mock('@cnnzoo/core/internal', async (original) => ({
  ...(await original<typeof import('@cnnzoo/core/internal')>()),
  importInstalled: async () => undefined,
}));

const build = () => sequential({ layers: [layers.flatten({ inputShape: [4, 4, 3] }), layers.dense({ units: 5 })] });

beforeAll(() => useBackend('wasm'));

it('takes tfjs, and says why', async () => {
  const net = build();
  const session = await createSession(net);
  expect(session.engine).toBe('tfjs');
  expect(session.reason).toBe('onnxruntime-node is not installed: the compiled net runs on the backend in use.');
  await session.dispose();
  net.dispose();
});

it('refuses float16, in which tfjs does not compute', async () => {
  const net = build();
  await expect(createSession(net, { dtype: 'float16' })).rejects.toThrow(
    /onnxruntime-node is not installed, and 'tfjs', which is there, computes in float32 alone/,
  );
  net.dispose();
});
