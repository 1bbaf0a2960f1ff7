import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, transform } from 'esbuild';
import { describe, expect, it } from 'vitest';

// Promises that every package makes about packages/*/dist, which users get: `pnpm test` builds first.
const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, { readonly default: string } | string>>;
}

const packages = readdirSync(join(root, 'packages'))
  .map((directory) => {
    const path = join(root, 'packages', directory);
    return { path, manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest };
  })
  .filter(({ manifest }) => !manifest.private);

/**
 * Importable names, e.g. '@cnnzoo/core/train', each with a folder to import it from: a package finds itself by its own
 * name.
 */
const entries = packages.flatMap(({ path: directory, manifest: { name, exports } }) =>
  Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([path]) => [join(name, path), directory] as const),
);

/** Runs a program as a user of the packages would, outside the test runner and its aliases. */
const node = async (cwd: string, type: 'module' | 'commonjs', program: string): Promise<unknown> =>
  JSON.parse((await run(process.execPath, [`--input-type=${type}`, '--eval', program], { cwd })).stdout);

/** The same for a CommonJS program that is too long for an argument. */
const script = async (cwd: string, program: string): Promise<unknown> => {
  const running = run(process.execPath, ['--input-type=commonjs', '-'], { cwd });
  running.child.stdin!.end(program);
  return JSON.parse((await running).stdout);
};

it('finds the packages', () => {
  expect(entries.map(([entry]) => entry)).toEqual(
    expect.arrayContaining(['@cnnzoo/core', '@cnnzoo/core/train', '@cnnzoo/resnet', 'cnnzoo']),
  );
});

describe.each(packages)('$manifest.name', ({ path }) => {
  const files = readdirSync(join(path, 'dist')).filter((file) => file.endsWith('.js'));

  it('has no top-level await', async () => {
    expect(files).toContain('index.js');
    for (const file of files)
      await transform(readFileSync(join(path, 'dist', file), 'utf8'), {
        sourcefile: file,
        format: 'esm',
        supported: { 'top-level-await': false },
      });
  });
});

describe.each(entries)('%s', (entry, directory) => {
  it('loads by require', async () => {
    const names = await node(directory, 'commonjs', `console.log(JSON.stringify(Object.keys(require('${entry}'))))`);
    expect(names).not.toEqual([]);
  });

  it('needs nothing of Node in a browser', async () => {
    const { outputFiles } = await build({
      stdin: { contents: `export * from '${entry}'`, resolveDir: directory },
      bundle: true,
      format: 'esm',
      platform: 'browser',
      splitting: true,
      external: ['@tensorflow/*'],
      outdir: join(root, 'out'),
      write: false,
      logLevel: 'silent',
      // The workspace's own tsconfig would lead to the sources.
      tsconfigRaw: '{}',
    });
    expect(outputFiles.length).toBeGreaterThan(0);
  });

  it('loads where import.meta.url is undefined, as in a bundle that is CommonJS', async () => {
    for (const platform of ['node', 'browser'] as const) {
      const { outputFiles } = await build({
        stdin: { contents: `export * from '${entry}'`, resolveDir: directory },
        bundle: true,
        format: 'cjs',
        platform,
        external: ['@tensorflow/*'],
        write: false,
        logLevel: 'silent',
        tsconfigRaw: '{}',
      });
      const program = `const module = { exports: {} };
        new Function('module', 'exports', 'require', ${JSON.stringify(outputFiles[0]!.text)})(module, {}, require);
        console.log(JSON.stringify(Object.keys(module.exports)));`;
      expect(await script(directory, program)).not.toEqual([]);
    }
  });

  it('registers nothing by being imported', async () => {
    const [before, after] = (await node(
      directory,
      'module',
      `import * as tf from '@tensorflow/tfjs-core';
       import '@tensorflow/tfjs-layers';
       const { SerializationMap } = tf.serialization;
       const state = () => ({
         classes: Object.keys(SerializationMap.getMap().classNameMap),
         backends: Object.keys(tf.engine().registryFactory),
         kernels: ['cpu', 'wasm'].map((name) => tf.getKernelsForBackend(name).length),
         backend: tf.engine().backendName ?? null,
         listeners: process.eventNames().map(String),
       });
       const before = state();
       await import('${entry}');
       console.log(JSON.stringify([before, state()]));`,
    )) as [{ classes: string[] }, unknown];
    expect(before.classes).toContain('Conv2D');
    expect(after).toEqual(before);
  });
});
