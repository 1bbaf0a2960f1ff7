import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, openChromium, openPage } from '../../../tools/release/chromium.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { resolve } = createRequire(import.meta.url);

/** Program of the page and of its worker: gradient descent on a small net, with and without the kernels' threads. */
const PROGRAM = `
  import * as tf from '@tensorflow/tfjs-core';
  import '@tensorflow/tfjs-layers';
  import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
  import { accelerate } from './src/index.ts';

  export async function train(options) {
    setWasmPaths(new URL('/', globalThis.location.origin).href);
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    await tf.setBackend('wasm');
    const kernels = await accelerate(options);
    const x = tf.randomNormal([4, 16, 16, 8], 0, 1, 'float32', 1);
    const filter = tf.variable(tf.randomNormal([3, 3, 8, 32], 0, 0.1, 'float32', 2));
    const second = tf.variable(tf.randomNormal([3, 3, 32, 32], 0, 0.1, 'float32', 3));
    const optimizer = tf.train.sgd(0.05);
    const losses = [];
    for (let step = 0; step < 5; step++) {
      const loss = optimizer.minimize(
        () => {
          const hidden = tf.relu(tf.conv2d(x, filter, 1, 'same'));
          return tf.mean(tf.square(tf.sub(tf.conv2d(hidden, second, 1, 'same'), 1)));
        },
        true,
      );
      losses.push(loss.dataSync()[0]);
    }
    kernels.dispose();
    return { threads: kernels.threads, losses };
  }
`;

async function bundle(more: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: PROGRAM + more, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
    tsconfigRaw: {},
    external: ['fs', 'path', 'util', 'worker_threads', 'perf_hooks', 'os'],
  });
  return outputFiles[0]!.text;
}

interface Trained {
  readonly threads: number;
  readonly losses: number[];
}

describe.skipIf(!findChromium())('in a browser (needs Chromium)', () => {
  let browser: Browser;
  let server: Server;
  const files = new Map<string, [type: string, content: string | Buffer]>();
  let isolated = false;
  let policy = '';

  beforeAll(async () => {
    files.set('/', ['text/html', '<!doctype html><script type="module" src="/page.js"></script>']);
    files.set('/page.js', ['text/javascript', await bundle('globalThis.train = train;')]);
    const inWorker = 'onmessage = async ({ data }) => postMessage(await train(data));';
    files.set('/worker.js', ['text/javascript', await bundle(inWorker)]);
    for (const name of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm'])
      files.set(`/${name}`, [
        'application/wasm',
        await readFile(resolve(`@tensorflow/tfjs-backend-wasm/dist/${name}`)),
      ]);
    server = createServer(({ url }, response) => {
      const [type, content] = files.get(url!) ?? ['text/plain', ''];
      const isolation = {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      };
      const headers = {
        'content-type': type,
        ...(isolated && isolation),
        ...(policy && { 'content-security-policy': policy }),
      };
      response.writeHead(files.has(url!) ? 200 : 404, headers).end(content);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    browser = (await openChromium())!;
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  async function inPage(isolation: boolean, options: object, worker = false): Promise<Trained> {
    isolated = isolation;
    const page = await openPage(browser);
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.waitForFunction(() => 'train' in globalThis);
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolation);
      return await page.evaluate(
        ([given, inWorker]) =>
          inWorker
            ? new Promise<Trained>((resolve, reject) => {
                const it = new Worker('/worker.js', { type: 'module' });
                it.onmessage = ({ data }) => resolve(data);
                it.onerror = ({ message }) => reject(new Error(message));
                it.postMessage(given);
              })
            : (globalThis as unknown as { train(options: object): Promise<Trained> }).train(given),
        [options, worker] as const,
      );
    } finally {
      await page.context().close();
    }
  }

  it('trains on threads where the page is isolated, on one elsewhere, and to the same losses', async () => {
    const several = await inPage(true, { threads: 3 });
    const one = await inPage(false, {});
    expect(several.threads).toBe(3);
    expect(one.threads).toBe(1);
    expect(one.losses.at(-1)).toBeLessThan(one.losses[0]!);
    several.losses.forEach((loss, step) => {
      expect(loss).toBeCloseTo(one.losses[step]!, 5);
    });
  });

  it('trains in a worker, on one thread unless more are asked for', async () => {
    const one = await inPage(true, {}, true);
    const several = await inPage(true, { threads: 2 }, true);
    expect([one.threads, several.threads]).toEqual([1, 2]);
    several.losses.forEach((loss, step) => {
      expect(loss).toBeCloseTo(one.losses[step]!, 5);
    });
  });

  it('takes one thread where more are asked for than can share memory', async () => {
    expect((await inPage(false, { threads: 4 })).threads).toBe(1);
  });

  it('takes one thread where the page may have no workers, unless more are asked for', async () => {
    policy = "worker-src 'none'";
    try {
      expect((await inPage(true, {})).threads).toBe(1);
      await expect(inPage(true, { threads: 2 })).rejects.toThrow(/a helper thread did not start/);
    } finally {
      policy = '';
    }
  });
});
