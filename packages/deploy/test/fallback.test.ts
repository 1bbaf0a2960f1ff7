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

it('takes the kernels where tfjs is not native, and says why', async () => {
  const net = build();
  const session = await createSession(net);
  expect(session.engine).toBe('kernels');
  expect(session.reason).toBe("onnxruntime-node is not installed: the kernels are faster than the backend 'wasm'.");
  await session.dispose();
  net.dispose();
});

it('refuses float16, which the kernels do not have', async () => {
  const net = build();
  await expect(createSession(net, { dtype: 'float16' })).rejects.toThrow(
    /onnxruntime-node is not installed, and what is there has no float16/,
  );
  net.dispose();
});
