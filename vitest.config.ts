import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Tests run against the sources; the release check runs against the packed tarballs.
const alias = [
  { find: '#platform', replacement: here('packages/core/src/platform/node/index.ts') },
  { find: '#backends', replacement: here('packages/core/src/platform/node/backends.ts') },
  { find: /^@cnnzoo\/core\/(train|data|worker|family|shared)$/, replacement: here('packages/core/src/$1.ts') },
  { find: /^@cnnzoo\/core\/internal\/(page|text)$/, replacement: here('packages/core/src/internal-$1.ts') },
  { find: /^@cnnzoo\/(core|kernels)\/internal$/, replacement: here('packages/$1/src/internal.ts') },
  { find: '@cnnzoo/deploy/classify', replacement: here('packages/deploy/src/classify.ts') },
  { find: '@cnnzoo/kernels/internal/engine', replacement: here('packages/kernels/src/internal-engine.ts') },
  { find: '@cnnzoo/kernels/resize', replacement: here('packages/kernels/src/resize.ts') },
  { find: /^@cnnzoo\/([a-z]+)$/, replacement: here('packages/$1/src/index.ts') },
  { find: /^cnnzoo$/, replacement: here('packages/cli/src/index.ts') },
];

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['{packages,tools}/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    setupFiles: [here('test/setup.ts')],
    maxWorkers: 2,
    // Two processes of tests at a time: threads of their own would only wait for each other.
    env: { CNNZOO_THREADS: '1' },
    // Only what hangs fails by time: a machine that does other work may take many times as long as an idle one.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
