/**
 * Compiles assembly/ and the program of the helper threads into src/generated/. The package's sources import both as
 * strings, so no bundler, server or path setting can lose them.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { build } from 'esbuild';
import { compile } from './compile.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Largest memory that WebAssembly can address, in pages of 64 KiB. The imported memory may be declared smaller. */
const MAXIMUM_PAGES = 65536;

const IMPORTED = ['--importMemory', '--initialMemory', '1', '--maximumMemory', String(MAXIMUM_PAGES)];

/** Compiles a module for shared memory, and finds the one byte that makes it a module for memory that is not shared. */
async function compileBoth(features) {
  const [shared, unshared] = [
    await compile('assembly/index.ts', features, [...IMPORTED, '--sharedMemory']),
    await compile('assembly/index.ts', features, IMPORTED),
  ];
  const differing = [...shared.keys()].filter((at) => shared[at] !== unshared[at]);
  if (shared.length !== unshared.length || differing.length !== 1)
    throw new Error('the shared and the unshared module differ in more than the flags of the imported memory');
  const [flagsAt] = differing;
  return { wasm: shared, flagsAt, unsharedFlags: unshared[flagsAt] };
}

const FEATURES = ['simd', 'threads', 'bulk-memory'];

const helper = await build({
  entryPoints: [`${root}src/engine/helper.ts`],
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  write: false,
});

const resize = await compile('assembly/resize/index.ts', ['simd'], ['--initialMemory', '1']);

const [simd, relaxed] = [await compileBoth(FEATURES), await compileBoth([...FEATURES, 'relaxed-simd'])];
// Two builds of the same sources: together they take little more than one.
const packed = deflateRawSync(Buffer.concat([simd.wasm, relaxed.wasm]), { level: 9 }).toString('base64');
const placeOf = ({ wasm, flagsAt, unsharedFlags }, start) =>
  JSON.stringify({ start, end: start + wasm.length, flagsAt, unsharedFlags });

await mkdir(`${root}src/generated`, { recursive: true });
await writeFile(
  `${root}src/generated/kernels.ts`,
  `// Made by scripts/build-wasm.mjs.
export const PACKED = ${JSON.stringify(packed)};
export const SIMD = ${placeOf(simd, 0)};
export const RELAXED = ${placeOf(relaxed, simd.wasm.length)};
export const HELPER = ${JSON.stringify(helper.outputFiles[0].text)};
`,
);
await writeFile(
  `${root}src/generated/resize.ts`,
  `// Made by scripts/build-wasm.mjs.
export const RESIZE = ${JSON.stringify(resize.toString('base64'))};
`,
);
