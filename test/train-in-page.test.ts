import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage } from '../tools/release/browser.js';
import { findChromium, openChromium, openPage } from '../tools/release/chromium.js';
import { serve } from '../tools/release/serve.js';

const page = fileURLToPath(new URL('../examples/train-in-page', import.meta.url));

interface Learned {
  readonly isolated: boolean;
  readonly threads: number;
  readonly losses: number[];
}

/** The built packages, bundled by Vite for production as for a user's page. */
describe.skipIf(!findChromium())('a page that trains a ResNet (needs Chromium)', () => {
  let site: string;
  let browser: Browser;

  beforeAll(async () => {
    site = await buildPage(page, await mkdtemp(join(tmpdir(), 'cnnzoo-page-')));
    browser = (await openChromium())!;
  });
  afterAll(async () => {
    await browser?.close();
    if (site) await rm(site, { recursive: true, force: true });
  });

  async function open(isolated: boolean): Promise<Learned> {
    const server = await serve(site, isolated);
    const tab = await openPage(browser);
    const complaints: string[] = [];
    tab.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    tab.on('pageerror', (error) => void complaints.push(String(error)));
    try {
      await tab.goto(server.url);
      await tab.locator('body[data-done]').waitFor();
      expect(await tab.locator('body').getAttribute('data-done')).toBe('');
      expect(complaints).toEqual([]);
      return {
        isolated: await tab.evaluate(() => crossOriginIsolated),
        threads: Number(await tab.locator('#threads').textContent()),
        losses: (await tab.locator('#losses li').allTextContents()).map(Number),
      };
    } finally {
      await tab.context().close();
      await server.close();
    }
  }

  it('computes on all cores where it is isolated, on one elsewhere, and learns the same', async () => {
    const several = await open(true);
    const one = await open(false);
    expect(several).toMatchObject({ isolated: true, threads: availableParallelism() });
    expect(one).toMatchObject({ isolated: false, threads: 1 });
    expect(one.losses).toHaveLength(6);
    expect(one.losses).toEqual([...one.losses].sort((a, b) => b - a));
    several.losses.forEach((loss, step) => {
      // A step magnifies rounding differences between ways to split the work.
      expect(loss).toBeCloseTo(one.losses[step]!, 4);
    });
  });
});
