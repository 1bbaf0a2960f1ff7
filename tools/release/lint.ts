import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { type Packed, root } from './packages.js';
import { run } from './run.js';

/** Files that people expect beside the code in every package. */
const FILES = ['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts'];

async function checkFiles({ name, tarball }: Packed): Promise<void> {
  const files = (await run('tar', ['-tzf', tarball], root)).trim().split('\n');
  const missing = FILES.filter((file) => !files.includes(`package/${file}`));
  if (missing.length) throw new Error(`${name}: the tarball lacks ${missing.join(', ')}.`);
  const stray = files.filter((file) => /(^|\/)(src|test|node_modules)\/|\.tsbuildinfo$/.test(file));
  if (stray.length) throw new Error(`${name}: the tarball holds what is not for users: ${stray.join(', ')}.`);
}

/** Checks that every script has a source map, and that the map contains the sources, which are not in the tarball. */
async function checkSourceMaps({ name, directory }: Packed): Promise<void> {
  const dist = join(directory, 'dist');
  for (const file of (await readdir(dist)).filter((each) => each.endsWith('.js'))) {
    const map = JSON.parse(await readFile(join(dist, `${file}.map`), 'utf8')) as {
      sources: string[];
      sourcesContent?: unknown[];
    };
    // A chunk of nothing but imports has no source.
    if (!map.sources.every((_, i) => typeof map.sourcesContent?.[i] === 'string'))
      throw new Error(`${name}: dist/${file}.map lacks the text of its sources.`);
  }
}

async function checkPublint({ name, tarball, manifest }: Packed): Promise<void> {
  const file = await readFile(tarball);
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
  const { messages } = await publint({ strict: true, pack: { tarball: bytes } });
  const lines = messages.map((message) => formatMessage(message, manifest, { color: false }) ?? message.code);
  if (lines.length) throw new Error(`${name}: publint says:\n${lines.join('\n')}`);
}

/** Node's `require` loads the packages (they are ESM without top-level await), hence the esm-only profile. */
async function checkTypes({ tarball }: Packed): Promise<void> {
  await run(
    join(root, 'node_modules/.bin/attw'),
    [
      ...[tarball, '--profile', 'esm-only', '--no-emoji'],
      // Entries for this repository: their declarations name core's `#platform`.
      ...['--exclude-entrypoints', './internal', './internal/page', './internal/text'],
    ],
    root,
  );
}

/** Checks a packed file with publint and "are the types wrong", and checks its content. */
export async function lint(packed: Packed): Promise<void> {
  await checkFiles(packed);
  await checkSourceMaps(packed);
  await checkPublint(packed);
  await checkTypes(packed);
}
