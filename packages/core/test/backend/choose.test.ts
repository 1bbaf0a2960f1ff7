import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../src/backend/use-backend.js';
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
  /** Number of WebGPU's globals that the calls have set. */
  gpuGlobals: number;
}

/** Circumstances of a process. */
interface Circumstances {
  readonly env?: Record<string, string>;
  /** Packages that the process can't find. */
  readonly hidden?: readonly string[];
}

/**
 * Calls `useBackend` with each list of arguments, in a process where `packages` are installed, and returns what
 * happened.
 */
async function outcome(
  packages: Record<string, string>,
  calls: unknown[][],
  { env = {}, hidden = [] }: Circumstances = {},
): Promise<Outcome> {
  const modules = await mkdtemp(join(directory, 'modules-'));
  for (const [name, source] of Object.entries(packages)) {
    const home = join(modules, '@tensorflow', name);
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'package.json'), JSON.stringify({ name: `@tensorflow/${name}`, main: 'index.js' }));
    await writeFile(join(home, 'index.js'), source);
  }
  const args = ['--import', 'tsx', child, JSON.stringify(calls), hidden.join(',')];
  const { stdout } = await run(process.execPath, args, {
    cwd: root,
    env: { ...process.env, CNNZOO_BACKEND: '', NODE_PATH: modules, ...env },
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

it.each(['wasm', 'cpu'])("prints nothing when it takes '%s', and at the first tensor", async (name) => {
  expect(await outcome({}, [[name]])).toMatchObject({ results: [name], two: 2, warnings: [] });
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

it('takes the next where one computes wrong values', async () => {
  const zeros = `
    const { kernelFunc } = tf.getKernel('Conv2D', 'cpu');
    tf.unregisterKernel('Conv2D', 'tensorflow');
    tf.registerKernel({ kernelName: 'Conv2D', backendName: 'tensorflow', kernelFunc: (args) => {
      const y = kernelFunc(args);
      args.backend.data.get(y.dataId).values.fill(0);
      return y;
    } });`;
  const result = await outcome({ 'tfjs-node': standIn('node', '', zeros) }, [['tfjs-node'], []]);
  const message = expect.stringMatching(/small convolution gives 0, 0, 0, 0 instead of 37/);
  expect(result).toMatchObject({ results: [{ code: 'BACKEND', message }, 'wasm'], backend: 'wasm', two: 2 });
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
  const taken = {
    code: 'BACKEND',
    message: expect.stringMatching(/computes with 'tfjs-node' already.*\n.*another process/),
  };
  expect(result.results).toEqual([missing, 'tfjs-node', taken, 'cpu', 'cpu']);
});

describe('a list of names', () => {
  it('is an order of preference: names of other platforms and what is not installed are passed over', async () => {
    const result = await outcome({}, [[['tfjs-node-gpu', 'webgl', 'cpu', 'wasm']], [], ['wasm'], []]);
    expect(result).toMatchObject({ results: ['cpu', 'cpu', 'wasm', 'wasm'], backend: 'wasm', two: 2 });
    expect(warningsOfOurs(result)).toEqual([]);
  });

  it('warns of what is installed but broken, once another is taken', async () => {
    const broken = { 'tfjs-node': standIn('node', "throw new Error('libtensorflow.so.2: not found');") };
    const result = await outcome(broken, [[['tfjs-node', 'tfjs-node-gpu']], [['tfjs-node', 'wasm']]]);
    expect(result.results).toEqual([
      {
        code: 'BACKEND',
        message: expect.stringMatching(
          /None of these.*\n {2}tfjs-node: libtensorflow.*\n.*install script.*\n {2}tfjs-node-gpu: .*not installed.*\n.*npm install/,
        ),
      },
      'wasm',
    ]);
    expect(warningsOfOurs(result)).toEqual([
      expect.stringMatching(/'tfjs-node' is installed but does not work.*libten/),
    ]);
  });

  it.each([
    ['a name of no backend', ['wegbl'], 'BACKEND', /no backend 'wegbl'.*wasm/],
    ['such a name after one that works', [['wasm', 'wegbl']], 'BACKEND', /no backend 'wegbl'.*wasm/],
    ['an empty list', [[]], 'INPUT', /at least one.*wasm/],
    ['a name twice', [['wasm', 'cpu', 'wasm']], 'INPUT', /'wasm' is there twice/],
    ['a number', [5], 'INPUT', /useBackend\(5\): expected a backend's name/],
    ['a list of numbers', [[5]], 'INPUT', /expected a backend's name/],
    ['null', [null], 'INPUT', /useBackend\(null\)/],
  ])('refuses %s', async (_, [name], code, message) => {
    const before = tf.engine().backendName;
    await expect(useBackend(name as 'wasm')).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(tf.engine().backendName).toBe(before);
  });
});

describe('CNNZOO_BACKEND', () => {
  it('is the preference of calls without a name', async () => {
    const env = { CNNZOO_BACKEND: 'tfjs-node-gpu, cpu' };
    expect(await outcome({}, [[], [], ['wasm'], []], { env })).toMatchObject({
      results: ['cpu', 'cpu', 'wasm', 'wasm'],
    });
  });

  it.each([
    ['wegbl,wasm', 'BACKEND', /CNNZOO_BACKEND=wegbl,wasm: there is no backend 'wegbl'.*wasm/],
    ['wasm,', 'BACKEND', /CNNZOO_BACKEND=wasm,: there is no backend ''/],
    ['cpu,cpu', 'INPUT', /CNNZOO_BACKEND=cpu,cpu: 'cpu' is there twice/],
    ['tfjs-node-gpu', 'BACKEND', /'tfjs-node-gpu' can't be used: .*not installed/],
  ])('refuses %s', async (value, code, message) => {
    const result = await outcome({}, [[], ['cpu']], { env: { CNNZOO_BACKEND: value } });
    expect(result.results).toEqual([{ code, message: expect.stringMatching(message) }, 'cpu']);
  });
});

describe("'webgpu' in Node", () => {
  it.each(['webgpu', '@tensorflow/tfjs-backend-webgpu'])('without %s says what to install', async (name) => {
    const result = await outcome({}, [['webgpu'], [['webgpu', 'wasm']]], { hidden: [name] });
    const message = `The backend 'webgpu' can't be used: ${name} is not installed.\nInstall both packages it needs: \`npm install webgpu @tensorflow/tfjs-backend-webgpu\`.`;
    expect(result).toMatchObject({ results: [{ code: 'BACKEND', message }, 'wasm'], two: 2, gpuGlobals: 0 });
    expect(warningsOfOurs(result)).toEqual([]);
  });

  // Vulkan's drivers can be hidden, other systems' not.
  it.skipIf(process.platform !== 'linux')('without a driver says so', async () => {
    const env = { VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json' };
    const result = await outcome({}, [['webgpu'], []], { env });
    const message = expect.stringMatching(
      /can't be used: the package webgpu finds no driver of a GPU.\nInstall the driver/,
    );
    expect(result).toMatchObject({ results: [{ code: 'BACKEND', message }, 'wasm'], two: 2 });
    expect(result.warnings.filter((warning) => /webgpu/.test(warning))).toEqual([]);
  });

  it('is loaded only when it is asked for', async () => {
    expect(await outcome({}, [[]])).toMatchObject({ results: ['wasm'], gpuGlobals: 0 });
  });
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
