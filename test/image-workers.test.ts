import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openChromium, openPage } from '../tools/release/chromium.js';
import { serve } from '../tools/release/serve.js';

// Worker threads as users get them, from packages/*/dist: `pnpm test` builds first.
const root = fileURLToPath(new URL('..', import.meta.url));
const FORMATS = ['png', 'jpeg', 'webp'] as const;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cnnzoo-workers-'));
  for (const label of ['a', 'b']) {
    await mkdir(join(directory, 'folder', label), { recursive: true });
    for (let i = 0; i < 12; i++) {
      const pixels = Uint8Array.from({ length: 30 * 20 * 3 }, (_, at) => at * (i + 3) + (label === 'a' ? 0 : 100));
      const format = FORMATS[i % 3]!;
      const image = sharp(pixels, { raw: { width: 30, height: 20, channels: 3 } }).toFormat(format);
      await image.toFile(join(directory, 'folder', label, `${i}.${format}`));
    }
  }
});
afterAll(() => rm(directory, { recursive: true }));

/** Program that runs the same epoch with no worker and with two, on a `folder` that the preceding program defines. */
const EPOCHS = `
  const preprocessing = {
    resize: 18, crop: [16, 16], channels: 3, mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2], interpolation: 'bilinear',
  };
  const warnings = [];
  console.warn = (text) => warnings.push(text);
  await useBackend('cpu');
  const results = [];
  for (const workers of [0, 2]) {
    const { train } = await imageFolder(folder, { workers, preprocessing });
    const random = new Random(1);
    const augment = { transform: compose(randomResizedCrop(16), trivialAugmentWide()), random };
    const values = [];
    for await (const { x, y } of train.batches({ batchSize: 5, shuffle: random, augment })) {
      values.push(...x.dataSync(), ...y.dataSync());
      x.dispose();
      y.dispose();
    }
    results.push(values);
  }
  const same = results[0].every((value, i) => value === results[1][i]);
  const answer = { count: results[1].length, same, distinct: new Set(results[1]).size > 100, warnings };
`;
const IMPORTS = `
  import { Random, useBackend } from '@cnnzoo/core';
  import { compose, imageFolder, randomResizedCrop, trivialAugmentWide } from '@cnnzoo/core/data';
`;
const EXPECTED = { count: 24 * (16 * 16 * 3 + 1), same: true, distinct: true };

it('Node: two workers make what the calling thread makes', async () => {
  const program = `${IMPORTS} const folder = ${JSON.stringify(join(directory, 'folder'))};
    ${EPOCHS} console.log(JSON.stringify(answer));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
  });
  const { warnings, ...answer } = JSON.parse(stdout.trim().split('\n').at(-1)!);
  expect(answer).toEqual(EXPECTED);
  expect(warnings.filter((text: string) => text.includes('calling thread'))).toEqual([]);
});

it('a page: two workers make what the calling thread makes, of Files', async ({ skip }) => {
  const browser = await openChromium();
  if (!browser) return skip('there is no Chromium on this machine');
  const site = join(directory, 'site');
  await build({
    stdin: {
      contents: `${IMPORTS} globalThis.run = async (folder) => { ${EPOCHS} return answer; };`,
      resolveDir: root,
    },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    outdir: site,
    entryNames: 'page',
    logLevel: 'silent',
    tsconfigRaw: '{}',
  });
  await writeFile(
    join(site, 'index.html'),
    '<!doctype html><input type="file" webkitdirectory><script type="module" src="page.js"></script>',
  );
  const server = await serve(site, false);
  try {
    const page: Page = await openPage(browser);
    await page.goto(server.url);
    await page.setInputFiles('input', join(directory, 'folder'));
    await page.waitForFunction('globalThis.run');
    const { warnings, ...answer } = (await page.evaluate('run(document.querySelector("input").files)')) as {
      warnings: string[];
    };
    expect(warnings).toEqual([]);
    expect(answer).toEqual(EXPECTED);

    // The site lacks a decoder, so the error must not blame an image.
    const [decoder] = (await readdir(site)).filter((name) => name.startsWith('jpeg-turbo-'));
    await rm(join(site, decoder!));
    await page.goto(server.url);
    await page.setInputFiles('input', join(directory, 'folder'));
    await page.waitForFunction('globalThis.run');
    const failed = await page.evaluate(
      'run(document.querySelector("input").files).then(() => null, ({ code, message }) => ({ code, message }))',
    );
    expect(failed).toEqual({ code: 'BACKEND', message: expect.stringContaining("The JPEG decoder can't start") });
  } finally {
    await server.close();
    await browser.close();
  }
});
