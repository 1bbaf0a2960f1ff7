/**
 * Measures how long a page is blocked at most while ResNet-18 classifies, in the page and in a worker, in Chromium:
 * `npx tsx bench/worker/measure.ts`, after `pnpm build`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from '../../tools/release/browser.js';
import { openChromium, openPage } from '../../tools/release/chromium.js';
import { serve } from '../../tools/release/serve.js';

const site = await buildPage(
  fileURLToPath(new URL('.', import.meta.url)),
  await mkdtemp(join(tmpdir(), 'cnnzoo-bench-')),
);
const browser = await openChromium();
if (!browser) throw new Error('no Chromium was found on this machine: install chromium.');
const server = await serve(site, false);
try {
  console.log(`load of the machine: ${loadavg()[0]!.toFixed(1)}`);
  for (const place of ['here', 'worker'])
    for (const [width, height] of [
      [640, 480],
      [1920, 1080],
    ]) {
      const tab = await openPage(browser);
      await tab.goto(server.url);
      await tab.waitForFunction('globalThis.measure');
      const { gap, task, ms } = await tab.evaluate<{ gap: number; task: number; ms: number }>(
        `measure('${place}', ${width}, ${height})`,
      );
      const texts = [
        `longest gap ${gap.toFixed(1)} ms`,
        `longest long task ${task.toFixed(0)} ms`,
        `${(ms / 20).toFixed(0)} ms an image`,
      ];
      console.log(`${place}, ${width} x ${height}: ${texts.join(', ')}`);
      await tab.context().close();
    }
} finally {
  await server.close();
  await browser.close();
  await rm(site, { recursive: true, force: true });
}
