import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Packed {
  readonly name: string;
  readonly version: string;
  /** Directory of the package in the workspace. */
  readonly directory: string;
  /** Packed file, as `npm publish` would upload it. */
  readonly tarball: string;
  /** package.json as packed: versions replace `workspace:` and `catalog:`. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** Returns `pnpm@x.y.z` as an argument of npx, with the version that the workspace pins. */
export async function pnpm(): Promise<string> {
  return (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { packageManager: string }).packageManager;
}

/** Returns the directories of the packages that are not private. */
export async function publishable(): Promise<string[]> {
  const directories: string[] = [];
  for (const name of (await readdir(join(root, 'packages'))).sort()) {
    const directory = join(root, 'packages', name);
    const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as { private?: boolean };
    if (!manifest.private) directories.push(directory);
  }
  return directories;
}

/** Packs every package that is not private into `destination`. */
export async function packAll(destination: string): Promise<Packed[]> {
  const packed: Packed[] = [];
  for (const directory of await publishable()) {
    const args = ['--yes', await pnpm(), 'pack', '--json', '--pack-destination', destination];
    const { name, version, filename } = JSON.parse(await run('npx', args, directory)) as Record<string, string>;
    const tarball = filename!;
    const manifest = JSON.parse(
      await run('tar', ['-xOzf', tarball, 'package/package.json'], root),
    ) as Packed['manifest'];
    packed.push({ name: name!, version: version!, directory, tarball, manifest });
  }
  return packed;
}
