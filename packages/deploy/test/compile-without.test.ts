// `compile` for the engine 'kernels' where @cnnzoo/deploy is not installed, or broken.
import { compile, useBackend } from '@cnnzoo/core';
import { lenet5_relu } from '@cnnzoo/lenet';
import { beforeAll, expect, it, vi } from 'vitest';

const importInstalled = vi.hoisted(() => vi.fn());
vi.mock('#platform', async (original) => ({ ...(await original<object>()), importInstalled }));

beforeAll(async () => {
  await useBackend('wasm');
});

it('is an error that says how to install the package', async () => {
  const net = await lenet5_relu.pretrained();
  importInstalled.mockResolvedValueOnce(undefined);
  await expect(compile(net, { engine: 'kernels' })).rejects.toMatchObject({
    code: 'BACKEND',
    message: expect.stringContaining("'pnpm add @cnnzoo/deploy'"),
  });
  importInstalled.mockRejectedValueOnce(new Error('a broken file'));
  await expect(compile(net, { engine: 'kernels' })).rejects.toMatchObject({
    code: 'BACKEND',
    message: "compile: '@cnnzoo/deploy' is installed and can't be loaded: a broken file",
  });
  net.dispose();
});

it('is an error of a package that is too old, whose session is freed', async () => {
  const net = await lenet5_relu.pretrained();
  const dispose = vi.fn(async () => undefined);
  importInstalled.mockResolvedValueOnce({ createSession: async () => ({ engine: 'kernels', dispose }) });
  await expect(compile(net, { engine: 'kernels' })).rejects.toMatchObject({
    code: 'BACKEND',
    message: expect.stringContaining("'@cnnzoo/deploy' is older than"),
  });
  expect(dispose).toHaveBeenCalledOnce();
  net.dispose();
});
