import { defineConfig } from 'tsup';
import { build } from '../../tsup.config';

export default defineConfig(
  build({
    index: 'src/index.ts',
    train: 'src/train/index.ts',
    data: 'src/data/index.ts',
    'platform-node': 'src/platform/node/index.ts',
    'platform-browser': 'src/platform/browser/index.ts',
  }),
);
