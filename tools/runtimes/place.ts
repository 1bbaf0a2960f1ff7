import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { openChromium } from '../release/chromium.js';
import { type Packed, packAll, pnpm } from '../release/packages.js';
import { serveTarballs } from '../release/registry.js';
import { run } from '../release/run.js';
import { writePrograms } from './programs.js';
import { type Manager, NotRun, type Place } from './row.js';

/** Beginning of the name of a run's folder. */
export const PREFIX = 'cnnzoo-runtimes-';

/** Packages of the programs. */
const PACKAGES = [
  ...['@cnnzoo/core', '@cnnzoo/lenet', '@cnnzoo/resnet'],
  ...['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers'],
];

/** Returns the values of `make` by key, each made once. */
function once<Key, Value>(make: (key: Key) => Promise<Value>): (key: Key) => Promise<Value> {
  const made = new Map<Key, Promise<Value>>();
  return (key) => {
    const found = made.get(key) ?? make(key);
    made.set(key, found);
    return found;
  };
}

/** Packs the workspace's packages unless they are given, calls `work` with a place, and removes it. */
export async function withPlace(
  work: (place: Place) => Promise<void>,
  given?: { packages: readonly Packed[]; registry: string },
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), PREFIX));
  const packages = given?.packages ?? (await packAll(directory));
  const served = given ? undefined : await serveTarballs(packages);
  const registry = given?.registry ?? served!.url;
  let opened: Browser | undefined;

  const folder = async (name: string): Promise<string> => {
    const path = join(directory, name);
    await mkdir(path, { recursive: true });
    return path;
  };
  const tool = once(async (specs: string): Promise<string> => {
    const path = await folder(`tool-${specs.replace(/[^\w.-]+/g, '-')}`);
    await writeFile(join(path, 'package.json'), '{ "private": true }\n');
    await run('npm', ['install', '--no-audit', '--no-fund', ...specs.split(' ')], path);
    return path;
  });
  const install: Record<Manager, (path: string) => Promise<unknown>> = {
    npm: (path) => run('npm', ['install', '--no-audit', '--no-fund', ...PACKAGES], path),
    pnpm: async (path) => run('npx', ['--yes', await pnpm(), 'add', ...PACKAGES], path),
    bun: async (path) => run(join(await tool('bun'), 'node_modules/.bin/bun'), ['add', ...PACKAGES], path),
    deno: async (path) =>
      run(join(await tool('deno'), 'node_modules/.bin/deno'), ['add', ...PACKAGES.map((name) => `npm:${name}`)], path),
  };
  const project = once(async (manager: Manager): Promise<string> => {
    const path = await folder(`project-${manager}`);
    await writeFile(join(path, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n');
    // Deno reads no other configuration of npm's than a user's and a project's.
    const others = (await run('npm', ['config', 'get', 'registry'], path)).trim();
    await writeFile(join(path, '.npmrc'), `registry=${others}\n@cnnzoo:registry=${registry}/\n`);
    await install[manager](path);
    await writePrograms(path);
    return path;
  });

  try {
    await work({
      packages,
      registry,
      folder,
      project,
      tool: (...specs) => tool(specs.join(' ')),
      async browser() {
        opened ??= await openChromium();
        if (!opened) throw new NotRun('no Chromium was found');
        return opened;
      },
    });
  } finally {
    await opened?.close();
    await served?.close();
    await rm(directory, { recursive: true, force: true });
  }
}
