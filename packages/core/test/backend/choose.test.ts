import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useBackend } from '../../src/backend/choose.js';
import { buildModel } from '../../src/graph/net-model.js';
import { identity } from '../../src/layers/combinators.js';

const require = createRequire(import.meta.url);
const run = promisify(execFile);
const child = fileURLToPath(new URL('child.ts', import.meta.url));
const root = fileURLToPath(new URL('../../../../', import.meta.url));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cnnzoo-backend-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Source of a package that registers tfjs' cpu backend as tfjs-node registers its own. */
const standIn = (name: string, before = '', after = ''): string => `
${before}
const tf = require(${JSON.stringify(require.resolve('@tensorflow/tfjs-core'))});
const { MathBackendCPU } = require(${JSON.stringify(require.resolve('@tensorflow/tfjs-backend-cpu'))});
globalThis.loaded = [...(globalThis.loaded ?? []), '${name}'];
for (const kernel of tf.getKernelsForBackend('cpu')) tf.registerKernel({ ...kernel, backendName: 'tensorflow' });
tf.registerBackend('tensorflow', () => new MathBackendCPU(), 3);
tf.setBackend('tensorflow');
${after}
`;

interface Outcome {
  results: (string | { code: string; message: string })[];
  loaded: string[];
  warnings: string[];
  backend: string;
  two: number;
}

/**
 * Calls `useBackend` with each list of arguments, in a process where `packages` are installed, and returns what
 * happened.
 */
async function outcome(packages: Record<string, string>, calls: unknown[][]): Promise<Outcome> {
  const modules = await mkdtemp(join(directory, 'modules-'));
  for (const [name, source] of Object.entries(packages)) {
    const home = join(modules, '@tensorflow', name);
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'package.json'), JSON.stringify({ name: `@tensorflow/${name}`, main: 'index.js' }));
    await writeFile(join(home, 'index.js'), source);
  }
  const { stdout } = await run(process.execPath, ['--import', 'tsx', child, JSON.stringify(calls)], {
    cwd: root,
    env: { ...process.env, NODE_PATH: modules },
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Outcome;
}

const warningsOfOurs = ({ warnings }: Outcome) => warnings.filter((warning) => warning.startsWith('cnnzoo'));

it('takes wasm where no native backend is installed, and says nothing', async () => {
  const result = await outcome({}, [[], []]);
  expect(result).toMatchObject({ results: ['wasm', 'wasm'], backend: 'wasm', two: 2 });
  expect(warningsOfOurs(result)).toEqual([]);
});

it('prefers tfjs-node-gpu, and loads nothing else', async () => {
  const packages = { 'tfjs-node': standIn('node'), 'tfjs-node-gpu': standIn('gpu') };
  const result = await outcome(packages, [[], []]);
  expect(result).toMatchObject({
    results: ['tfjs-node-gpu', 'tfjs-node-gpu'],
    loaded: ['gpu'],
    backend: 'tensorflow',
    two: 2,
  });
});

it('then tfjs-node', async () => {
  const result = await outcome({ 'tfjs-node': standIn('node') }, [[], []]);
  expect(result).toMatchObject({
    results: ['tfjs-node', 'tfjs-node'],
    loaded: ['node'],
    backend: 'tensorflow',
    two: 2,
  });
});

it('takes the next where one is installed but does not load, and warns', async () => {
  const broken = standIn('gpu', "throw new Error('libcudart.so.11.0: cannot open shared object file');");
  const result = await outcome({ 'tfjs-node-gpu': broken, 'tfjs-node': standIn('node') }, [[]]);
  expect(result).toMatchObject({ results: ['tfjs-node'], loaded: ['node'], two: 2 });
  expect(warningsOfOurs(result)).toEqual([expect.stringMatching(/tfjs-node-gpu.*libcudart/)]);
});

it('takes the next where a dependency of an installed one is missing, and warns', async () => {
  const result = await outcome({ 'tfjs-node': standIn('node', "require('some-missing-part');") }, [[]]);
  expect(result).toMatchObject({ results: ['wasm'], loaded: [], two: 2 });
  expect(warningsOfOurs(result)).toEqual([expect.stringMatching(/tfjs-node.*some-missing-part/)]);
});

it('takes the next where one loads but can not compute, as tfjs-node on Node 23', async () => {
  const removed = `
    const broken = () => { throw new TypeError('(0 , util_1.isNullOrUndefined) is not a function'); };
    for (const { kernelName, backendName } of tf.getKernelsForBackend('tensorflow')) {
      tf.unregisterKernel(kernelName, backendName);
      tf.registerKernel({ kernelName, backendName, kernelFunc: broken });
    }`;
  const result = await outcome({ 'tfjs-node': standIn('node', '', removed) }, [[], []]);
  expect(result).toMatchObject({ results: ['wasm', 'wasm'], loaded: ['node'], backend: 'wasm', two: 2 });
  expect(warningsOfOurs(result)).toEqual([expect.stringMatching(/tfjs-node.*isNullOrUndefined/)]);
});

it('takes cpu where the .wasm files are not found; an explicit wasm is an error', async () => {
  const nowhere = { wasmPaths: `${directory}/nowhere/` };
  const result = await outcome({}, [
    ['wasm', nowhere],
    [undefined, nowhere],
  ]);
  expect(result).toMatchObject({
    results: [{ code: 'BACKEND', message: expect.stringContaining('wasmPaths') }, 'cpu'],
    backend: 'cpu',
    two: 2,
  });
});

it('finds the .wasm files where wasmPaths says', async () => {
  const files = join(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'), '..', 'dist/');
  expect(await outcome({}, [['wasm', { wasmPaths: files }]])).toMatchObject({ results: ['wasm'], two: 2 });
});

it('a named one that is not installed is an error that says what to install, and nothing changes', async () => {
  const result = await outcome({ 'tfjs-node': standIn('node') }, [
    ['tfjs-node-gpu'],
    [],
    ['tfjs-node-gpu'],
    ['cpu'],
    [],
  ]);
  const missing = { code: 'BACKEND', message: expect.stringContaining('npm install @tensorflow/tfjs-node-gpu') };
  expect(result.results).toEqual([missing, 'tfjs-node', missing, 'cpu', 'cpu']);
});

it('keeps the backend that the user has set, and gives wasm its gradients', async () => {
  await import('@tensorflow/tfjs-backend-cpu');
  await import('@tensorflow/tfjs-backend-wasm');
  void tf.setBackend('wasm');
  expect(await useBackend()).toBe('wasm');
  expect(tf.getKernel('Conv2DBackpropFilter', 'wasm')).toBeDefined();
  await tf.setBackend('cpu');
  expect(await useBackend()).toBe('cpu');
});

it('calls at once agree', async () => {
  expect(await Promise.all([useBackend('wasm'), useBackend(), useBackend('cpu'), useBackend()])).toEqual([
    'wasm',
    'wasm',
    'cpu',
    'cpu',
  ]);
});

it('calls at once are answered in order, also where one between them fails', async () => {
  const [first, second, third, fourth] = await Promise.allSettled([
    useBackend('wasm'),
    useBackend('webgl'),
    useBackend(undefined, { wasmPath: 'nowhere/' } as object),
    useBackend('cpu'),
  ]);
  expect(first).toEqual({ status: 'fulfilled', value: 'wasm' });
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'BACKEND' } });
  expect(third).toMatchObject({ reason: { code: 'INPUT', message: expect.stringContaining("'wasmPaths'") } });
  expect(fourth).toEqual({ status: 'fulfilled', value: 'cpu' });
  expect(tf.getBackend()).toBe('cpu');
});

it('refuses what is no backend here', async () => {
  await expect(useBackend('webgl')).rejects.toMatchObject({ code: 'BACKEND' });
  expect(await useBackend()).toBe('cpu');
});

it('a builder before any backend says what to write', () => {
  const name = tf.engine().backendName;
  try {
    tf.engine().backendName = '';
    expect(() => buildModel('net', identity, [1, 1, 1])).toThrow(/await useBackend\(\)/);
  } finally {
    tf.engine().backendName = name;
  }
});
