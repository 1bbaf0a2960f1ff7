import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@cnnzoo/core';
import { inferenceGraph, saveGraph, saveQuantized } from '@cnnzoo/deploy';
import { openClassifier } from '@cnnzoo/deploy/classify';
import { resnet20 } from '@cnnzoo/resnet';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quantizedByHand } from '../packages/deploy/test/quantized-by-hand.js';
import { buildPage } from '../tools/release/browser.js';
import { findChromium, openChromium, openPage } from '../tools/release/chromium.js';
import { type Served, serve } from '../tools/release/serve.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const PHOTOS = join(root, 'examples/photos');
const CDN = 'https://cdn.jsdelivr.net/npm/@cnnzoo/deploy/dist/cdn/';

/** The built packages, as a user's page has them. */
describe.skipIf(!findChromium())('a page that only classifies (needs Chromium)', () => {
  let browser: Browser;
  let directory: string;
  /** Labels and scores of a JPEG and a PNG, by Classifier. */
  const expected = new Map<string, string[]>();
  beforeAll(async () => {
    browser = (await openChromium())!;
    directory = await mkdtemp(join(tmpdir(), 'cnnzoo-classify-'));
    await useBackend('wasm');
    const net = await resnet20.pretrained();
    await saveGraph(net, join(directory, 'net.safetensors'));
    await saveQuantized(await quantizedByHand(inferenceGraph(net)), join(directory, 'int8.safetensors'));
    for (const name of ['rocket.jpg', 'coffee.png']) {
      const predictions = await net.classify(join(PHOTOS, name), { topK: 3 });
      expected.set(
        name,
        predictions.map(({ label, score }) => `${label} ${(100 * score).toFixed(2)} %`),
      );
    }
    net.dispose();
  });
  afterAll(async () => {
    await browser?.close();
    if (directory) await rm(directory, { recursive: true });
  });

  /** Opens a page, and gives it both photographs. Returns the addresses of its scripts. */
  async function use(served: Served, isolated: boolean): Promise<string[]> {
    const page = await openPage(browser);
    const complaints: string[] = [];
    const scripts: string[] = [];
    page.on('console', (message) => void complaints.push(message.text()));
    page.on('pageerror', (error) => void complaints.push(String(error)));
    page.on('response', (response) => {
      if (/\.m?js$/.test(new URL(response.url()).pathname)) scripts.push(response.url());
    });
    await routed(page);
    try {
      await page.goto(served.url);
      await page.locator('#state', { hasText: /ready|Error/ }).waitFor();
      expect(await page.locator('#state').textContent()).toBe('ready');
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
      // Threads of the kernels are workers.
      expect(page.workers().length > 0).toBe(isolated);
      for (const [name, texts] of expected) {
        await page.locator('#file').setInputFiles(join(PHOTOS, name));
        await page.locator('#predictions', { hasText: texts[0]! }).waitFor();
        expect(await page.locator('#predictions li').allTextContents()).toEqual(texts);
      }
      expect(complaints).toEqual([]);
      return scripts;
    } finally {
      await page.context().close();
    }
  }

  /** Answers requests to the CDN with the built files. */
  const routed = (page: Page): Promise<unknown> =>
    page.route(`${CDN}**`, async (route) =>
      route.fulfill({
        body: await readFile(join(root, 'packages/deploy/dist/cdn', route.request().url().slice(CDN.length))),
        headers: {
          'content-type': 'text/javascript',
          'access-control-allow-origin': '*',
          'cross-origin-resource-policy': 'cross-origin',
        },
      }),
    );

  /** Serves a page beside the net. */
  async function served<T>(site: string, isolated: boolean, work: (served: Served) => Promise<T>): Promise<T> {
    const server = await serve(site, isolated);
    try {
      return await work(server);
    } finally {
      await server.close();
    }
  }

  it('built by Vite, isolated and not, answers as Classifier does and loads no TensorFlow.js', async () => {
    const site = await buildPage(join(root, 'examples/classify-page'), join(directory, 'site'));
    await cp(join(directory, 'net.safetensors'), join(site, 'net.safetensors'));
    for (const isolated of [true, false]) {
      const scripts = await served(site, isolated, (server) => use(server, isolated));
      const texts = await Promise.all(scripts.map((url) => readFile(join(site, new URL(url).pathname), 'utf8')));
      expect(texts.filter((text) => /tfjs|tensorflow/i.test(text))).toEqual([]);
    }
  });

  it('without a bundler, isolated and not, answers as Classifier does', async () => {
    const site = join(directory, 'plain');
    await cp(join(root, 'examples/classify-without-bundler'), site, { recursive: true });
    await cp(join(directory, 'net.safetensors'), join(site, 'net.safetensors'));
    for (const isolated of [true, false]) await served(site, isolated, (server) => use(server, isolated));
  });

  it('in a worker of a page: the same scores, those of 8 bits bit for bit, and another file is an error', async () => {
    const site = join(directory, 'worker');
    await cp(join(root, 'packages/deploy/dist/cdn'), join(site, 'cdn'), { recursive: true });
    await cp(join(root, 'examples/classify-without-bundler'), site, { recursive: true });
    for (const name of ['net', 'int8'])
      await cp(join(directory, `${name}.safetensors`), join(site, `${name}.safetensors`));
    const int8 = await openClassifier(join(directory, 'int8.safetensors'), { threads: 1 });
    const levels = await int8.classify(join(PHOTOS, 'rocket.jpg'), { topK: 3 });
    await int8.dispose();
    await served(site, true, async ({ url }) => {
      const page = await openPage(browser);
      await page.goto(url);
      const jpeg = await readFile(join(PHOTOS, 'rocket.jpg'), 'base64');
      const found = await page.evaluate(
        ({ program, bytes }) =>
          new Promise((resolve) => {
            const worker = new Worker(URL.createObjectURL(new Blob([program], { type: 'text/javascript' })), {
              type: 'module',
            });
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = (event) => resolve(`worker: ${event.message}`);
            worker.postMessage(bytes);
          }),
        {
          bytes: jpeg,
          program: `
            import { openClassifier } from '${url}cdn/classify.js';
            onmessage = async ({ data }) => {
              const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
              const net = await openClassifier('${url}net.safetensors', { threads: 2 });
              const answer = await net.classify(bytes, { topK: 3 });
              await net.dispose();
              const int8 = await openClassifier('${url}int8.safetensors', { threads: 2 });
              const levels = await int8.classify(bytes, { topK: 3 });
              await int8.dispose();
              const fault = await openClassifier('${url}index.html').catch(({ code }) => code);
              postMessage({ texts: answer.map(({ label, score }) => label + ' ' + (100 * score).toFixed(2) + ' %'), levels, fault });
            };`,
        },
      );
      expect(found).toEqual({ texts: expected.get('rocket.jpg'), levels, fault: 'FORMAT' });
      await page.context().close();
    });
  });
});
