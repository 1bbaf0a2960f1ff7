/**
 * Bundles a package for pages without a bundler into dist/cdn/ (docs/decisions/0039): its exports, those of core and its
 * entries, and tfjs-core as `tf`. Run in the package's folder after its build. Arguments are further packages whose
 * exports belong there. `--alone ENTRY` bundles the exports of one entry of the package, without core's and tfjs.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const { name } = JSON.parse(await readFile('package.json', 'utf8'));
const [first, alone] = process.argv.slice(2);
const isAlone = first === '--alone';
const file = isAlone ? alone : basename(name);
const modules = isAlone
  ? [`./dist/${alone}.js`]
  : [
      './dist/index.js',
      '@cnnzoo/core',
      '@cnnzoo/core/train',
      '@cnnzoo/core/data',
      '@cnnzoo/core/worker',
      ...process.argv.slice(2),
    ];

/** Two files would have two copies of tfjs and core, whose tensors, nets and backends do not fit each other. */
const GUARD = `
const key = Symbol.for('cnnzoo.file');
if (globalThis[key])
  throw new Error(
    'This page has loaded ' + globalThis[key] + ', and now ' + import.meta.url + ': two copies of cnnzoo do not work ' +
    'together. To fix this: import everything from one file; cnnzoo.js of the package cnnzoo has every model.',
  );
globalThis[key] = import.meta.url;
`;

/** Leaves the package's files that are modules (tools/inline.mjs) where they are, in dist/. */
const ownFiles = {
  name: 'own-files',
  setup(setting) {
    setting.onResolve({ filter: /^\.\/.*\.js$/, namespace: 'file' }, async ({ path, resolveDir, kind }) => {
      if (kind !== 'dynamic-import' || resolveDir !== join(process.cwd(), 'dist')) return undefined;
      const text = await readFile(join(resolveDir, path), 'utf8');
      return text.includes('// src/generated/') ? { path: `../${basename(path)}`, external: true } : undefined;
    });
  },
};

await build({
  stdin: {
    contents: [
      ...modules.map((each) => `export * from '${each}';`),
      // Without tfjs nothing of two files has to fit.
      ...(isAlone ? [] : [`export * as tf from '@tensorflow/tfjs-core';`, GUARD]),
    ].join('\n'),
    sourcefile: `${file}.js`,
    resolveDir: process.cwd(),
  },
  bundle: true,
  minify: true,
  splitting: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  outdir: join('dist', 'cdn'),
  entryNames: file,
  chunkNames: '[name]-[hash]',
  // The workspace's own tsconfig would lead to the sources.
  tsconfigRaw: '{}',
  plugins: [ownFiles],
  legalComments: 'none',
  // Chunks import each other for their order alone, which packages without side effects do not need.
  logOverride: { 'ignored-bare-import': 'silent' },
  logLevel: 'warning',
});
