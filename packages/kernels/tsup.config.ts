import { defineConfig } from 'tsup';
import { build } from '../../tsup.config';

export default defineConfig(build({ index: 'src/index.ts', resize: 'src/resize.ts', internal: 'src/internal.ts' }));
