import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../release/run.js';
import type { Place } from './row.js';

const PACKAGES = [
  '@cnnzoo/core',
  '@cnnzoo/lenet',
  '@cnnzoo/resnet',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-layers',
];

/** Makes a project with the packages and others. */
export async function installPackages(
  place: Place,
  folder: string,
  manifest: object,
  others: readonly string[],
): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'project', private: true, ...manifest }));
  await writeFile(join(folder, '.npmrc'), `@cnnzoo:registry=${place.registry}/\n`);
  await run('npm', ['install', '--no-audit', '--no-fund', ...PACKAGES, ...others], folder);
}

/** Returns the version of a package that is installed in a folder. */
export async function versionOf(folder: string, name: string): Promise<string> {
  const manifest = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
