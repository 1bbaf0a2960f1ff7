import { defineConfig } from 'tsup';
import { build } from '../../tsup.config';

export default defineConfig(
  build({
    index: 'src/index.ts',
    resize: 'src/resize.ts',
    'internal-engine': 'src/internal-engine.ts',
    internal: 'src/internal.ts',
  }),
);
