import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readStateDict } from '@cnnzoo/core';
import { expect, it } from 'vitest';
import { expectEqual, expectLosses } from './expectations.js';
import { type Compared, type Loss, NETS } from './program.js';

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

/** Returns the values of the newest training checkpoints, side by side. */
async function checkpointsOf(directories: Record<'gpu' | 'wasm', string>): Promise<Compared> {
  const read = async (directory: string) => {
    const newest = (await readdir(directory))
      .filter((name) => name.endsWith('.safetensors'))
      .sort()
      .at(-1)!;
    const state = await readStateDict(join(directory, newest));
    return Object.fromEntries([...state].map(([key, { data }]) => [key, Array.from(data as Float32Array, Number)]));
  };
  const [gpu, wasm] = [await read(directories.gpu), await read(directories.wasm)];
  expect(Object.keys(gpu)).toEqual(Object.keys(wasm));
  return Object.fromEntries(Object.keys(wasm).map((key) => [key, { gpu: gpu[key]!, wasm: wasm[key]! }]));
}

const why = hasDriver ? '' : " (skipped: Debian's Chromium, whose driver stands for a GPU, is not installed)";

it.skipIf(!hasDriver)(`webgpu in Node computes, trains, moves and saves as wasm does${why}`, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cnnzoo-gpu-'));
  try {
    const checkpoints = { gpu: join(directory, 'gpu'), wasm: join(directory, 'wasm') };
    // Its other trainings, a page tries on the same code.
    const trainings = ['sgd', 'adamW'];
    const [fitting, reading, ...compared] = (await run([
      ['fitting', 'webgpu', checkpoints],
      ['reading', 'webgpu'],
      ['sums', 'webgpu'],
      ['moving', 'webgpu'],
      ...Object.keys(NETS).map((name) => ['forward', 'webgpu', name]),
      ...trainings.map((name) => ['training', 'webgpu', name]),
    ])) as [Compared, string, ...Compared[]];
    expect(compared).toHaveLength(2 + Object.keys(NETS).length + trainings.length);
    for (const each of [fitting, ...compared, await checkpointsOf(checkpoints)]) expectEqual(each);
    expect(reading).toMatch(/^BACKEND: .*can't be read synchronously/);
  } finally {
    await rm(directory, { recursive: true });
  }
});

it.skipIf(!hasDriver)(`webgpu in Node: a lost or faulty GPU is an error each time${why}`, async () => {
  const times = slow ? 50 : 6;
  const [losses, faults] = (await run([['losing', 'webgpu', times, 1], ['tooLarge']])) as [Loss[], string[]];
  expectLosses(losses, 'webgpu', times);
  const [code, message, name, two] = faults;
  expect([code, name, two]).toEqual(['BACKEND', 'webgpu', 'read 2']);
  expect(message).toMatch(/failed: Buffer size.*useBackend\('webgpu'\)/s);
});
