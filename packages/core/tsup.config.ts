import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { defineConfig } from 'tsup';
import { build, declarations } from '../../tsup.config';

/** WebAssembly of packages that core needs, where a page built by any bundler finds it (docs/decisions/0006). */
const WASM = [
  '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
  '@jsquash/png/codec/pkg/squoosh_png_bg.wasm',
  '@jsquash/webp/codec/dec/webp_dec.wasm',
  '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm',
  '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm',
  // The licence of all of them, which asks to be passed on.
  '@jsquash/png/LICENSE',
];

async function copyWasm(): Promise<void> {
  const { resolve } = createRequire(join(process.cwd(), 'package.json'));
  await mkdir('dist/wasm', { recursive: true });
  for (const file of WASM) await copyFile(resolve(file), join('dist/wasm', basename(file)));
}

export default defineConfig(
  build(
    {
      index: 'src/index.ts',
      train: 'src/train/index.ts',
      data: 'src/data/index.ts',
      'platform-node': 'src/platform/node/index.ts',
      'platform-browser': 'src/platform/browser/index.ts',
    },
    {
      // Declarations are made before dist/, to which package.json's `imports` point, is there.
      dts: declarations({ baseUrl: '.', paths: { '#platform': ['src/platform/node/index.ts'] } }),
      onSuccess: copyWasm,
    },
  ),
);
