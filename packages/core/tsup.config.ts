import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build as bundle } from 'esbuild';
import { defineConfig, type Options } from 'tsup';
import { build, declarations } from '../../tsup.config';

/** Licences that ask to be passed on with the WebAssembly inside dist/ (docs/decisions/0038). */
async function copyLicences(): Promise<void> {
  const { resolve } = createRequire(join(process.cwd(), 'package.json'));
  await mkdir('dist/licences', { recursive: true });
  await copyFile(resolve('@jsquash/webp/LICENSE'), 'dist/licences/webp.LICENSE');
  // libjpeg-turbo's own, which its package lacks.
  await copyFile('licences/jpeg-turbo.LICENSE', 'dist/licences/jpeg-turbo.LICENSE');
}

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/**
 * A worker decodes images and computes no tensors: tfjs, which the rooms of its modules lead to, stays out, and so do files
 * that are modules, since the page sends it the decoders.
 */
const withoutUnused: Plugin = {
  name: 'without-unused',
  setup(build) {
    build.onResolve({ filter: /^@tensorflow\/|\/generated\// }, ({ path }) => ({ path, namespace: 'none' }));
    build.onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** Bundles the program of a page's workers into one text. */
const browserWorker: Plugin = {
  name: 'browser-worker',
  setup(build) {
    build.onLoad({ filter: /browser\/image-worker-code\.ts$/ }, async () => {
      const { outputFiles } = await bundle({
        entryPoints: ['src/data/pipeline/browser-worker.ts'],
        bundle: true,
        minify: true,
        write: false,
        format: 'iife',
        target: 'es2022',
        platform: 'browser',
        alias: { '#backends': './src/platform/browser/backends.ts', '#platform': './src/platform/browser/index.ts' },
        plugins: [withoutUnused],
        // The workspace's own tsconfig leads to Node's.
        tsconfigRaw: {},
        // The codecs' own addresses for their WebAssembly, which they are given instead.
        define: { 'import.meta.url': '"file:///"' },
      });
      return { contents: `export const code = ${JSON.stringify(outputFiles[0]!.text)};` };
    });
  },
};

export default defineConfig(
  build(
    {
      index: 'src/index.ts',
      train: 'src/train.ts',
      data: 'src/data.ts',
      worker: 'src/worker.ts',
      family: 'src/family.ts',
      shared: 'src/shared.ts',
      internal: 'src/internal.ts',
      'internal-text': 'src/internal-text.ts',
      'internal-page': 'src/internal-page.ts',
      'backends-node': 'src/platform/node/backends.ts',
      'backends-browser': 'src/platform/browser/backends.ts',
      'platform-node': 'src/platform/node/index.ts',
      'platform-browser': 'src/platform/browser/index.ts',
      'image-worker-node': 'src/data/pipeline/node-worker.ts',
    },
    {
      esbuildPlugins: [browserWorker],
      // Declarations are made before dist/, to which package.json's `imports` point, is there.
      dts: declarations({
        baseUrl: '.',
        paths: { '#backends': ['src/platform/node/backends.ts'], '#platform': ['src/platform/node/index.ts'] },
      }),
      done: copyLicences,
    },
  ),
);
