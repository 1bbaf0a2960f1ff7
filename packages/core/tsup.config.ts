import { defineConfig } from 'tsup';
import { build, declarations } from '../../tsup.config';

export default defineConfig(
  build(
    {
      index: 'src/index.ts',
      train: 'src/train/index.ts',
      data: 'src/data/index.ts',
      'platform-node': 'src/platform/node/index.ts',
      'platform-browser': 'src/platform/browser/index.ts',
    },
    // Declarations are made before dist/, to which package.json's `imports` point, is there.
    { dts: declarations({ baseUrl: '.', paths: { '#platform': ['src/platform/node/index.ts'] } }) },
  ),
);
