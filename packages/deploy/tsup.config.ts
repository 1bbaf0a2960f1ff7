import { defineConfig } from 'tsup';
import { build } from '../../tsup.config';

export default defineConfig(build({ index: 'src/index.ts', classify: 'src/classify.ts' }));
