// A classifier in a Web Worker, from packages/*/dist, which users get: `pnpm test` builds first.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page as Tab } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildPage } from '../tools/release/browser.js';
import { findChromium, openChromium, openPage } from '../tools/release/chromium.js';
import { type Served, serve } from '../tools/release/serve.js';
import type { Page } from './pages/worker/page.js';

const source = fileURLToPath(new URL('pages/worker', import.meta.url));
const photos = fileURLToPath(new URL('../examples/photos', import.meta.url));

describe.skipIf(!findChromium())('a page with a classifier in a worker (needs Chromium)', () => {
  let site: string;
  let browser: Browser;
  let server: Served;
  /** Another site, which lets no page read its pictures. */
  let foreign: Served;
  let tab: Tab;
  const complaints: string[] = [];

  beforeAll(async () => {
    site = await buildPage(source, await mkdtemp(join(tmpdir(), 'cnnzoo-worker-')));
    browser = (await openChromium())!;
    [server, foreign] = await Promise.all([serve(site, false), serve(photos, false)]);
    tab = await openPage(browser);
    tab.on('console', (message) => {
      const isOfTheTest = /^Canvas2D: Multiple readback|GL Driver Message/.test(message.text());
      if (/^(error|warning)$/.test(message.type()) && !isOfTheTest) complaints.push(message.text());
    });
    tab.on('pageerror', (error) => void complaints.push(String(error)));
    await tab.goto(server.url);
    await tab.waitForFunction('globalThis.page');
    await run('open');
  });
  afterEach(() => {
    complaints.length = 0;
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all([server?.close(), foreign?.close()]);
    if (site) await rm(site, { recursive: true, force: true });
  });

  /** Calls a function of the page. */
  function run<Name extends keyof Page>(name: Name, ...args: Parameters<Page[Name]>): ReturnType<Page[Name]> {
    return tab.evaluate(
      ([name, args]) =>
        (globalThis as unknown as { page: Record<string, (...args: unknown[]) => unknown> }).page[name]!(...args),
      [name, args] as const,
    ) as ReturnType<Page[Name]>;
  }

  it('answers as the page itself, for pictures in every form', async () => {
    const differences = await run('differences');
    expect(Object.keys(differences).length).toBeGreaterThan(20);
    for (const [name, difference] of Object.entries(differences)) expect(difference, name).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('copies pictures, or moves them if it may', async () => {
    expect(await run('ownership')).toEqual({ copied: [90, 90, 324], moved: [0, 0, 0], same: true });
  });

  it('has the errors of the page itself', async () => {
    const faults = await run('faults', `${foreign.url}rocket.jpg`);
    for (const [name, [local, remote]] of Object.entries(faults)) {
      expect(local, name).toMatchObject({ code: expect.stringMatching(/^(IMAGE|INPUT|DOWNLOAD)$/) });
      expect((remote as { code: string }).code, name).toBe((local as { code: string }).code);
      // The browser words its own refusals.
      if (!JSON.stringify(local).includes('the browser refused')) expect(remote, name).toEqual(local);
    }
  });

  it('ends the work of a call by its signal', async () => {
    expect(await run('aborts')).toEqual([expect.objectContaining({ code: 'ABORTED' }), 'cat']);
  });

  for (const place of ['here', 'there'] as const) {
    it.each(['break', 'signal', 'end', 'empty'] as const)(`watches a video ${place} until %s`, async (leave) => {
      expect(await run('watches', place, leave)).toBe(3);
      expect(complaints).toEqual([]);
    });

    it(`watches the frames of a track ${place}, and closes them`, async () => {
      expect(await run('watchesTrack', place)).toBe(5);
      expect(complaints, 'Chromium warns of a frame that was collected open').toEqual([]);
    });
  }

  it('rejects calls to a worker that does not start, or ends', async () => {
    const BACKEND = { code: 'BACKEND' };
    expect(await run('failures')).toMatchObject({
      'closes itself': BACKEND,
      'has closed itself': BACKEND,
      'is disposed of': { code: 'INPUT' },
      'has no file': BACKEND,
      throws: { ...BACKEND, message: expect.stringContaining('a fault of the file') },
      'serves nothing': { ...BACKEND, message: expect.stringContaining('serveClassifier') },
      'is forbidden': BACKEND,
    });
  });

  it('watches a video in a browser that announces no frames', async () => {
    await tab.evaluate(() => {
      delete (HTMLVideoElement.prototype as Partial<HTMLVideoElement>).requestVideoFrameCallback;
      delete (HTMLVideoElement.prototype as Partial<HTMLVideoElement>).cancelVideoFrameCallback;
    });
    for (const leave of ['break', 'signal', 'end', 'empty'] as const)
      expect(await run('watches', 'there', leave), leave).toBe(3);
  });
});
