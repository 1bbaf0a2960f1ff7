import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lenet5_relu } from '@cnnzoo/lenet';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FILES, readSizes, sizesOf } from '../tools/docs/cdn.js';
import { openChromium, openPage } from '../tools/release/chromium.js';
import { type Served, serve } from '../tools/release/serve.js';

// Files for pages without a bundler, packages/*/dist/cdn: `pnpm test` builds first.
const root = fileURLToPath(new URL('..', import.meta.url));

it.each(FILES)('$name: package.json names the file for CDNs', async ({ directory, file }) => {
  const manifest = JSON.parse(await readFile(join(root, directory, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({ jsdelivr: `./${file}`, unpkg: `./${file}` });
});

it('the README gives their bytes to 5 per cent; `pnpm docs:write` measures them', async () => {
  const stated = await readSizes();
  for (const { name, ...bytes } of await sizesOf())
    for (const [key, value] of Object.entries(bytes)) {
      const said = stated.find((row) => row.name === name)?.[key as keyof typeof bytes] ?? 0;
      expect(Math.abs(said - value) / value, `${name}, ${key}: ${said} for ${value}`).toBeLessThan(0.05);
    }
});

describe('in a page of another origin', () => {
  let browser: Browser | undefined;
  let cdn: Served;
  let site: Served;
  let directory: string;
  beforeAll(async () => {
    browser = await openChromium();
    directory = await mkdtemp(join(tmpdir(), 'cnnzoo-cdn-'));
    await writeFile(join(directory, 'index.html'), '<!doctype html><link rel="icon" href="data:," />');
    const net = await lenet5_relu.pretrained();
    for (const dtype of ['float16', 'int8'] as const) await net.save(join(directory, dtype), { dtype });
    net.dispose();
    [cdn, site] = [await serve(join(root, 'packages'), false), await serve(directory, false)];
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all([cdn.close(), site.close()]);
    await rm(directory, { recursive: true });
  });

  it("a family's file reads a digit, also with weights of 16 and 8 bits, has core's exports and tfjs', and refuses a second file", async ({
    skip,
  }) => {
    if (!browser) return skip('there is no Chromium on this machine');
    const page = await openPage(browser);
    await page.goto(site.url);
    const digit = await readFile(join(root, 'tools/release/fixtures/seven.png'), 'base64');
    const found = await page.evaluate(`(async () => {
      const { CnnzooError, lenet5_relu, load, sgd, tf, useBackend } = await import('${cdn.url}lenet/dist/cdn/lenet.js');
      const net = await lenet5_relu.pretrained();
      const bytes = Uint8Array.from(atob('${digit}'), (character) => character.charCodeAt(0));
      const [best] = await net.classify(new Blob([bytes]));
      net.dispose();
      const smaller = [];
      for (const dtype of ['float16', 'int8']) {
        const url = '${site.url}' + dtype;
        for (const other of [await load(url), await lenet5_relu.pretrained({ weights: url + '/model.safetensors' })]) {
          smaller.push((await other.classify(new Blob([bytes])))[0].label);
          other.dispose();
        }
      }
      const { message } = await import('${cdn.url}resnet/dist/cdn/resnet.js').catch((error) => error);
      return {
        label: best.label, smaller, backend: await useBackend(), tensors: tf.memory().numTensors, error: CnnzooError.name, message,
        sgd: typeof sgd,
      };
    })()`);
    expect(found).toMatchObject({
      label: '7',
      smaller: ['7', '7', '7', '7'],
      backend: 'wasm',
      tensors: 0,
      error: expect.any(String),
      sgd: 'function',
    });
    expect(found).toMatchObject({
      message: expect.stringMatching(/lenet\.js, and now .*resnet\.js: two copies .* cnnzoo\.js of the package cnnzoo/),
    });
  });
});
