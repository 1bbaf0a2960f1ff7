import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { expectLosses } from './expectations.js';
import type { Loss } from './program.js';

/** Directory of Debian's Chromium, which brings a Vulkan driver in software and the loader of such drivers. */
const CHROMIUM = '/usr/lib/chromium';
const hasDriver = existsSync(join(CHROMIUM, 'vk_swiftshader_icd.json'));
const slow = process.env.CNNZOO_SLOW === '1';

/** Runs scenarios in a process that has a GPU in software. It must end by itself. */
async function run(jobs: readonly (readonly unknown[])[]): Promise<unknown[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('child.ts', import.meta.url)), JSON.stringify(jobs)],
    {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: {
        ...process.env,
        VK_ICD_FILENAMES: join(CHROMIUM, 'vk_swiftshader_icd.json'),
        LD_LIBRARY_PATH: CHROMIUM,
      },
      maxBuffer: 2 ** 26,
    },
  );
  return JSON.parse(/^results: (.*)$/m.exec(stdout)![1]!) as unknown[];
}

const why = hasDriver ? '' : " (skipped: Debian's Chromium, whose driver stands for a GPU, is not installed)";

it.skipIf(!hasDriver)(`webgpu in Node: a lost or faulty GPU is an error each time${why}`, async () => {
  const times = slow ? 50 : 6;
  const [losses, faults] = (await run([['losing', 'webgpu', times, 1], ['tooLarge']])) as [Loss[], string[]];
  expectLosses(losses, 'webgpu', times);
  const [code, message, name, two] = faults;
  expect([code, name, two]).toEqual(['BACKEND', 'webgpu', 'read 2']);
  expect(message).toMatch(/failed: Buffer size.*useBackend\('webgpu'\)/s);
});
