/**
 * Packs every package and tries the packed files as a user would. They are linted; installed, by the README's line and
 * with what a larger program needs, in empty projects outside the workspace (with npm, then with pnpm, which shows a project
 * only its own dependencies); imported, required, type-checked and run; and built into a page that runs in Chromium.
 * `@cnnzoo/deploy/classify` runs in a project without TensorFlow.js. Rows of docs/runtimes.md that are marked for every release
 * are run too.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { withPlace } from '../runtimes/place.js';
import { allRows } from '../runtimes/rows.js';
import { failuresOf, runRow } from '../runtimes/run-row.js';
import { buildPage, checkBuilt, checkDevelopment } from './browser.js';
import { openChromium } from './chromium.js';
import { checkClassify } from './classify.js';
import {
  checkAlone,
  checkCommandLine,
  checkPrograms,
  type Manager,
  makeCommandLine,
  makeConsumer,
} from './consumer.js';
import { NO_ADDRESS, repositoryAddress, syncLinks } from './links.js';
import { lint } from './lint.js';
import { type Packed, packAll } from './packages.js';
import { serveTarballs } from './registry.js';

let passed = 0;

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  passed++;
  console.log(`ok   ${what} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  return result;
}

/**
 * Checks the packages' links against the workspace's address. Without an address there is a notice, and `pnpm release`
 * refuses to publish.
 */
async function checkLinks(): Promise<void> {
  const changed = await syncLinks(false);
  if (changed.length)
    throw new Error(`${changed.join(', ')}: other links than the workspace's. To fix this: pnpm metadata:write`);
}

async function checkManager(
  manager: Manager,
  place: string,
  registry: string,
  packages: readonly Packed[],
  browser?: Browser,
) {
  const directory = join(place, manager);
  await step(`${manager}: one net with the packages of the README's line alone`, () =>
    checkAlone(manager, join(place, `${manager}-alone`), registry),
  );
  await step(`${manager}: install`, () => makeConsumer(manager, directory, registry));
  await step(`${manager}: import, require, types, a digit`, () => checkPrograms(directory));
  const command = packages.find(({ name }) => name === 'cnnzoo')!;
  await step(`${manager}: the cnnzoo command`, async () => {
    const alone = join(place, `${manager}-command`);
    await makeCommandLine(manager, alone, registry, command.tarball);
    await checkCommandLine(alone);
  });
  const site = await step(`${manager}: vite build`, () => buildPage(directory));
  if (!browser) return;
  for (const isolated of [false, true])
    await step(`${manager}: a digit in Chromium, ${isolated ? 'with' : 'without'} COOP/COEP`, () =>
      checkBuilt(browser, site, isolated),
    );
  await step(`${manager}: a digit in Vite's development server`, () => checkDevelopment(browser, directory));
}

/** Runs the rows of docs/runtimes.md that belong to every release. None of them may be skipped. */
async function checkRuntimes(packages: readonly Packed[], registry: string): Promise<void> {
  const rows = (await allRows()).filter(({ everyRelease }) => everyRelease);
  await withPlace(
    async (place) => {
      for (const row of rows)
        await step(`runtimes: ${row.name}`, async () => {
          const result = await runRow(row, place);
          const failures = failuresOf(result).map((name) => `${name}: ${result.checks[name]}`);
          if (result.notRun) failures.push(`not run: ${result.notRun}`);
          if (failures.length) throw new Error(`${row.name}:\n${failures.join('\n')}`);
        });
    },
    { packages, registry },
  );
}

async function main(): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), 'cnnzoo-release-'));
  const browser = await openChromium();
  if (!browser && process.env.CI === 'true') throw new Error('CI=true, and no Chromium was found: install chromium.');
  try {
    await step('repository, homepage and bugs', checkLinks);
    const packages = await step('pack', () => packAll(place));
    for (const packed of packages) await step(`${packed.name}: publint, types, files`, () => lint(packed));
    await step('@cnnzoo/deploy/classify: a digit in a project without TensorFlow.js', () =>
      checkClassify(join(place, 'classify'), packages),
    );
    const registry = await serveTarballs(packages);
    try {
      for (const manager of ['npm', 'pnpm'] as const)
        await checkManager(manager, place, registry.url, packages, browser);
      await checkRuntimes(packages, registry.url);
    } finally {
      await registry.close();
    }
    if (!browser) console.log('skipped: the page in a browser (no Chromium found on this machine)');
    if ((await repositoryAddress()) === undefined) console.log(`notice: ${NO_ADDRESS}`);
    console.log(`release:check: ${passed} passed, 0 failed`);
  } finally {
    await browser?.close();
    await rm(place, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.stack : error);
  console.error(`release:check: ${passed} passed, 1 failed`);
  process.exitCode = 1;
});
