import { fileURLToPath } from 'node:url';
import { defineConfig, type Options } from 'tsup';
import { build } from '../../tsup.config';

const core = (path: string): string => fileURLToPath(new URL(`../core/src/${path}`, import.meta.url));

/**
 * Copies core's insides in from the sources, of which the bundler takes the few functions that are used: the published
 * core has no such door.
 */
const coreInside: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'core-inside',
  setup(build) {
    const paths = {
      '@cnnzoo/core/internal': 'internal.ts',
      '@cnnzoo/core/internal/text': 'internal-text.ts',
      '#platform': 'platform/node/index.ts',
    };
    for (const [name, path] of Object.entries(paths))
      build.onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: core(path), sideEffects: false }));
  },
};

export default defineConfig(
  build(
    { index: 'src/index.ts', bin: 'src/bin.ts' },
    { noExternal: [/^@cnnzoo\/core\/internal/], external: [], esbuildPlugins: [coreInside] },
  ),
);
