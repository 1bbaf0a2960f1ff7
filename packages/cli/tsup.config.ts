import { defineConfig } from 'tsup';
import { build } from '../../tsup.config';

export default defineConfig(
  build(
    { index: 'src/index.ts', bin: 'src/bin.ts' },
    // Copied in: the published core has no such door, and its insides are those of this version alone.
    { noExternal: ['@cnnzoo/core/internal'], external: [] },
  ),
);
