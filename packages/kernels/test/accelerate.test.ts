import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { type AccelerateOptions, type Acceleration, accelerate, KernelError } from '../src/index.js';

const started: Acceleration[] = [];
async function start(options?: AccelerateOptions): Promise<Acceleration> {
  const acceleration = await accelerate(options);
  started.push(acceleration);
  return acceleration;
}
afterEach(() => {
  for (const each of started.splice(0)) each.dispose();
});

const kernelOf = (name: string) => tf.getKernel(name, 'wasm');

/** Computes a convolution and returns its sum, which shows that it was computed. */
function convolve(): number {
  return tf.tidy(
    () =>
      tf
        .sum(tf.conv2d(tf.ones<tf.Rank.R4>([1, 5, 5, 4]), tf.ones<tf.Rank.R4>([3, 3, 4, 8]), 1, 'valid'))
        .dataSync()[0]!,
  );
}

describe('accelerate', () => {
  it('refuses another backend', async () => {
    await tf.setBackend('cpu');
    await expect(accelerate()).rejects.toThrow(KernelError);
    await expect(accelerate()).rejects.toThrow(/cpu is set.*setBackend\('wasm'\)/);
  });

  it('registers kernels, and puts those of tfjs back', async () => {
    await tf.setBackend('wasm');
    const before = kernelOf('Conv2D');
    expect(kernelOf('Conv2DBackpropFilter')).toBeUndefined();
    const { threads, simd, kernels, dispose } = await start({ threads: 2 });
    expect({ threads, simd }).toEqual({ threads: 2, simd: true });
    expect(kernels).toContain('Conv2DBackpropFilter');
    expect(kernelOf('Conv2DBackpropFilter')).toBeDefined();
    expect(convolve()).toBe(9 * 36 * 8);
    dispose();
    dispose();
    expect(kernelOf('Conv2D')).toBe(before);
    expect(kernelOf('Conv2DBackpropFilter')).toBeUndefined();
    expect(convolve()).toBe(9 * 36 * 8);
  });

  it('leaves a kernel that someone else registered since', async () => {
    await tf.setBackend('wasm');
    const before = kernelOf('Conv2D')!;
    const { dispose } = await start({ threads: 1 });
    tf.unregisterKernel('Conv2D', 'wasm');
    const other = { ...before };
    tf.registerKernel(other);
    dispose();
    expect(kernelOf('Conv2D')).toBe(other);
    tf.unregisterKernel('Conv2D', 'wasm');
    tf.registerKernel(before);
  });

  it('is shared by all who call it, and ends with the last', async () => {
    await tf.setBackend('wasm');
    const all = await Promise.all([start({ threads: 2 }), start({ threads: 2 }), start()]);
    expect(all.map(({ threads }) => threads)).toEqual([2, 2, 2]);
    const own = kernelOf('Conv2D');
    all[0]!.dispose();
    all[0]!.dispose();
    all[1]!.dispose();
    expect(kernelOf('Conv2D')).toBe(own);
    all[2]!.dispose();
    expect(kernelOf('Conv2D')).not.toBe(own);
  });

  it('refuses other options while it runs, and starts anew after', async () => {
    await tf.setBackend('wasm');
    const first = await start({ threads: 2 });
    await expect(accelerate({ threads: 1 })).rejects.toThrow(/run already, with 2 threads/);
    await expect(accelerate({ only: ['Conv2D'] })).rejects.toThrow(/run already/);
    first.dispose();
    const second = await start({ threads: 1, only: ['Conv2DBackpropFilter'] });
    expect(second.threads).toBe(1);
    expect(second.kernels).toEqual(['Conv2DBackpropFilter']);
  });

  it.each([0, -1, 1.5, Number.NaN, 1000])('refuses %d threads', async (threads) => {
    await tf.setBackend('wasm');
    await expect(accelerate({ threads })).rejects.toThrow(/threads from 1 to 256/);
  });

  it('names the kernels there are', async () => {
    await tf.setBackend('wasm');
    await expect(accelerate({ threads: 1, only: ['Conv3D'] })).rejects.toThrow(/no kernel Conv3D.*Conv2D/);
    expect(kernelOf('Conv2DBackpropFilter')).toBeUndefined();
  });

  it('does not mind other backends in between', async () => {
    await tf.setBackend('wasm');
    await start({ threads: 2 });
    const x = tf.randomNormal([2, 6, 6, 3]);
    const filter = tf.randomNormal([3, 3, 3, 5]) as tf.Tensor4D;
    const y = () => tf.tidy(() => tf.conv2d(x as tf.Tensor4D, filter, 1, 'same').dataSync());
    const first = y();
    for (let round = 0; round < 3; round++) {
      await tf.setBackend('cpu');
      const onCpu = y();
      await tf.setBackend('wasm');
      expect(y()).toEqual(first);
      expect(Math.max(...onCpu.map((value, i) => Math.abs(value - first[i]!)))).toBeLessThan(1e-5);
    }
    tf.dispose([x, filter]);
  });

  it('says what no kernel takes', async () => {
    await tf.setBackend('wasm');
    await start({ threads: 1 });
    const attrs = { strides: 1, pad: 'valid', dataFormat: 'NCHW', filterShape: [3, 3, 4, 8] };
    const run = () =>
      tf.tidy(() =>
        tf
          .engine()
          .runKernel('Conv2DBackpropFilter', { x: tf.ones([1, 4, 5, 5]), dy: tf.ones([1, 8, 3, 3]) }, attrs as never),
      );
    expect(run).toThrow(KernelError);
    expect(run).toThrow(/Conv2DBackpropFilter on the wasm backend does not take dataFormat 'NCHW'/);
  });
});

const PREAMBLE = `
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-wasm');
  const { accelerate } = await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)});
  await tf.setBackend('wasm');
`;

/** Runs a TypeScript module in a process of its own. Resolves to its output. */
async function run(program: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', PREAMBLE + program], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const [code] = await once(child, 'close');
  expect(code, errors).toBe(0);
  return output.trim();
}

describe('threads', () => {
  it('never keep a process alive, disposed of or not', async () => {
    expect(await run('console.log((await accelerate({ threads: 2 })).threads)')).toBe('2');
    expect(await run('(await accelerate({ threads: 2 })).dispose(); console.log("done")')).toBe('done');
  });

  it('are as many as the process may use cores, or CNNZOO_THREADS', async () => {
    const program = `
      const { availableParallelism } = await import('node:os');
      const { threads } = await accelerate();
      console.log(threads, availableParallelism());
    `;
    const [threads, cores] = (await run(program, { CNNZOO_THREADS: '' })).split(' ');
    expect(threads).toBe(cores);
    expect(await run(program, { CNNZOO_THREADS: '3' })).toBe(`3 ${cores}`);
    const refused = 'await accelerate().catch(({ message }) => console.log(message));';
    for (const variable of ['0', '-1', 'many', '1e9'])
      expect(await run(refused, { CNNZOO_THREADS: variable })).toContain(`CNNZOO_THREADS is '${variable}'`);
  });

  it('are one in a worker, unless more are asked for', async () => {
    const program = `
      const { isMainThread, parentPort, Worker } = await import('node:worker_threads');
      const one = await accelerate();
      const threads = [one.threads];
      one.dispose();
      const two = await accelerate({ threads: 2 });
      threads.push(two.threads, tf.conv2d(tf.ones([1, 9, 9, 8]), tf.ones([3, 3, 8, 8]), 1, 'valid').dataSync()[0]);
      two.dispose();
      if (isMainThread) console.log(threads.join());
      else parentPort.postMessage(threads.join());
    `;
    const inWorker = `
      const { Worker } = await import('node:worker_threads');
      const program = ${JSON.stringify(`(async () => { (await import('tsx/esm/api')).register(); ${PREAMBLE + program}})()`)};
      const worker = new Worker(program, { eval: true });
      worker.on('message', console.log);
    `;
    expect(await run(program, { CNNZOO_THREADS: '3' })).toBe('3,2,72');
    expect(await run(inWorker, { CNNZOO_THREADS: '3' })).toBe('1,2,72');
  });

  it('sleep while there is no work', async () => {
    const program = `
      const kernels = await accelerate({ threads: 2 });
      const y = tf.conv2d(tf.ones([1, 64, 64, 16]), tf.ones([3, 3, 16, 16]), 1, 'same');
      await y.data();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const before = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const { user, system } = process.cpuUsage(before);
      console.log((user + system) / 1000);
    `;
    expect(Number(await run(program))).toBeLessThan(200);
  });
});
