import { defineConfig } from 'tsup';
import { build } from '../../tsup.config';

export default defineConfig(
  build({ index: 'src/index.ts', resize: 'src/resize.ts', engine: 'src/engine-entry.ts', internal: 'src/internal.ts' }),
);
