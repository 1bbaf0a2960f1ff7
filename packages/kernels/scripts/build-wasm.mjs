/**
 * Compiles assembly/ and the helper threads' program into src/generated/, where the package's sources import them as
 * strings: no bundler, server or path setting can lose them.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** 64 KiB pages: what WebAssembly can address at most. The memory that is imported may be declared smaller. */
const MAXIMUM_PAGES = 65536;

async function compile(features, shared) {
  let binary;
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      '--outFile',
      'kernels.wasm',
      '--baseDir',
      root,
      ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--converge', '--noAssert', '--runtime', 'stub'],
      ...['--importMemory', '--initialMemory', '1', '--maximumMemory', String(MAXIMUM_PAGES)],
      ...(shared ? ['--sharedMemory'] : []),
      ...['--enable', features.join()],
    ],
    {
      writeFile(name, content) {
        if (name === 'kernels.wasm') binary = Buffer.from(content);
      },
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr}`);
  return binary;
}

/** A module for shared memory, and the one byte by which it differs from the module for memory that is not shared. */
async function compileBoth(features) {
  const [shared, unshared] = [await compile(features, true), await compile(features, false)];
  const differing = [...shared.keys()].filter((at) => shared[at] !== unshared[at]);
  if (shared.length !== unshared.length || differing.length !== 1)
    throw new Error('the shared and the unshared module differ in more than the flags of the imported memory');
  const [flagsAt] = differing;
  return { base64: shared.toString('base64'), flagsAt, unsharedFlags: unshared[flagsAt] };
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

await mkdir(`${root}src/generated`, { recursive: true });
await writeFile(
  `${root}src/generated/kernels.ts`,
  `// Made by scripts/build-wasm.mjs.
export const SIMD = ${JSON.stringify(await compileBoth(FEATURES))};
export const RELAXED = ${JSON.stringify(await compileBoth([...FEATURES, 'relaxed-simd']))};
export const HELPER = ${JSON.stringify(helper.outputFiles[0].text)};
`,
);
