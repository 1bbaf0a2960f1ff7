/** Table of the files for pages without a bundler, in the README. It gives the bytes of the built files. */

import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { table } from './markdown.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const README = join(root, 'README.md');

/** Files by package, the one with every model first. */
export const FILES = [
  ...['cli', 'lenet', 'alexnet', 'vgg', 'nin', 'googlenet', 'resnet', 'core'].map((folder) => {
    const short = folder === 'cli' ? 'cnnzoo' : folder;
    return {
      name: folder === 'cli' ? 'cnnzoo' : `@cnnzoo/${folder}`,
      directory: `packages/${folder}`,
      file: `dist/cdn/${short}.js`,
    };
  }),
  { name: '@cnnzoo/deploy', directory: 'packages/deploy', file: 'dist/cdn/classify.js' },
];

/** Bytes that a page loads. */
export interface Sizes {
  readonly name: string;
  /** Bytes of the file and of what it imports at once, minified. */
  readonly atOnce: number;
  /** The same, each file compressed by gzip. */
  readonly atOnceGzip: number;
}

/** Returns the texts of a module and of those that it imports statically, by path. */
async function loadedAtOnce(path: string, found = new Map<string, string>()): Promise<Map<string, string>> {
  if (found.has(path)) return found;
  const text = await readFile(path, 'utf8');
  found.set(path, text);
  for (const [, next] of text.matchAll(/(?:from|import)"(\.\/[\w.-]+\.js)"/g))
    await loadedAtOnce(join(dirname(path), basename(next!)), found);
  return found;
}

/** Measures the built files. */
export async function sizesOf(): Promise<Sizes[]> {
  const sizes: Sizes[] = [];
  for (const { name, directory, file } of FILES) {
    const texts = [...(await loadedAtOnce(join(root, directory, file))).values()];
    const sum = (bytesOf: (text: string) => number): number => texts.reduce((all, text) => all + bytesOf(text), 0);
    sizes.push({
      name,
      atOnce: sum((text) => Buffer.byteLength(text)),
      atOnceGzip: sum((text) => gzipSync(text, { level: 9 }).length),
    });
  }
  return sizes;
}

const [START, END] = ['<!-- bytes of the files for CDNs -->', '<!-- end of the bytes -->'];
const thousands = (bytes: number): number => Math.round(bytes / 1000) * 1000;

/** Reads the bytes that the README states. */
export async function readSizes(): Promise<Sizes[]> {
  const [, rows = ''] = (await readFile(README, 'utf8')).split(START);
  return [...rows.split(END)[0]!.matchAll(/`([@\w/]+)` \| `[^`]+` \| ([\d,]+) \| ([\d,]+) \|/g)].map(
    ([, name, atOnce, atOnceGzip]) => ({
      name: name!,
      atOnce: Number(atOnce!.replaceAll(',', '')),
      atOnceGzip: Number(atOnceGzip!.replaceAll(',', '')),
    }),
  );
}

/** Writes the measured bytes into the README, in whole thousands. */
export async function writeSizes(): Promise<void> {
  const rows = (await sizesOf()).map(({ name, atOnce, atOnceGzip }, i) => [
    `\`${name}\``,
    `\`${FILES[i]!.file}\``,
    thousands(atOnce),
    thousands(atOnceGzip),
  ]);
  const text = table(['package', 'file', '>bytes at once', '>with gzip'], rows);
  const readme = await readFile(README, 'utf8');
  const [before, rest = ''] = readme.split(START);
  await writeFile(README, `${before}${START}\n${text}\n${END}${rest.split(END)[1]}`);
}
