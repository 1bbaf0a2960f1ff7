import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPage } from '../release/chromium.js';
import { serve } from '../release/serve.js';
import { type Answers, checkAnswers, checkServed, type Served } from './answers.js';
import { assertQuiet } from './programs.js';
import type { Place, Report } from './row.js';

/** JSON of programs/page.mjs. */
interface Shown extends Partial<Answers> {
  readonly error?: string;
  readonly backend?: string;
  readonly alone?: readonly number[];
  readonly workers?: readonly number[];
  readonly served?: Served;
  readonly warnings: readonly string[];
}

/** Opens a page that runs programs/page.mjs, and records every check. */
export async function checkPage(place: Place, report: Report, url: string): Promise<void> {
  const browser = await place.browser();
  report.version('Chromium', browser.version());
  const page = await openPage(browser);
  const noise: string[] = [];
  page.on('pageerror', (error) => void noise.push(String(error)));
  page.on('requestfailed', (request) => void noise.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('response', (response) => {
    if (response.status() >= 400) noise.push(`${response.url()}: ${response.status()}`);
  });
  try {
    const shown = await report.check('import', async () => {
      await page.goto(url);
      const output = page.locator('output');
      await output.waitFor({ state: 'attached' }).catch((cause: unknown) => {
        throw new Error(`the page gave no answer: ${noise.join('\n') || 'nothing was said'}`, { cause });
      });
      const value = JSON.parse((await output.textContent()) ?? '') as Shown;
      if (value.error) throw new Error(value.error);
      if (value.backend !== 'wasm') throw new Error(`expected the backend 'wasm', received '${value.backend}'`);
      return value;
    });
    report.none('require', 'pages have no `require`');
    if (!shown) return;
    await checkAnswers(report, shown);
    await report.check('workers', () => {
      const { alone, workers } = shown;
      if (alone?.length !== 1 || JSON.stringify(alone) !== JSON.stringify(workers))
        throw new Error(`expected ${alone}, received ${workers}`);
    });
    await checkServed(report, shown.served);
    await report.check('quiet', () => assertQuiet([...noise, ...shown.warnings].join('\n')));
  } finally {
    await page.context().close();
  }
}

/** Serves the files of a build with a page around its script, and records every check. */
export async function checkSite(
  place: Place,
  report: Report,
  project: string,
  site: string,
  script: string,
): Promise<void> {
  await cp(join(project, 'public'), site, { recursive: true });
  await writeFile(
    join(site, 'index.html'),
    `<!doctype html><html lang="en"><link rel="icon" href="data:," /><body>${script}</body></html>`,
  );
  const server = await serve(site, false);
  try {
    await checkPage(place, report, server.url);
  } finally {
    await server.close();
  }
}
