import { env } from '@tensorflow/tfjs-core';
import { CnnzooError } from '../util/index.js';
import { unpack } from '../util/late.js';
import type { WasmPaths } from './contract.js';

// Apart from wasm.ts: a page that only classifies has the decoders and no tfjs.

const PLAIN = 'tfjs-backend-wasm.wasm';
const SIMD = 'tfjs-backend-wasm-simd.wasm';

/** Returns the place of a file by `wasmPaths`. */
function placeOf(file: string, wasmPaths: WasmPaths): string {
  const place = typeof wasmPaths === 'string' ? wasmPaths + file : wasmPaths[file];
  if (place !== undefined) return place;
  throw new CnnzooError(
    'BACKEND',
    `wasmPaths: expected the address of '${file}', received those of ${Object.keys(wasmPaths).join(', ') || 'no file'}.`,
  );
}

/** Reads a file at a path, or in a page at a URL. */
type ReadFile = (path: string) => Promise<Uint8Array>;

/** Reads a file of `wasmPaths` and checks that it is WebAssembly: servers answer unknown addresses with a page. */
async function readWasm(file: string, wasmPaths: WasmPaths, readFile: ReadFile): Promise<Uint8Array<ArrayBuffer>> {
  const place = placeOf(file, wasmPaths);
  const remedy =
    `To fix this: copy ${file} there from @tensorflow/tfjs-backend-wasm/dist, or leave wasmPaths out. Without it, ` +
    'cnnzoo takes the copy inside its own JavaScript.';
  const bytes = await readFile(place).catch((cause: unknown) => {
    throw new CnnzooError('BACKEND', `wasmPaths: ${(cause as Error).message} ${remedy}`, { cause });
  });
  if (String.fromCharCode(...bytes.subarray(0, 4)) === '\0asm') return Uint8Array.from(bytes);
  const received = bytes[0] === 0x3c ? 'an HTML page' : `${bytes.length} bytes of something else`;
  throw new CnnzooError('BACKEND', `wasmPaths: expected WebAssembly at '${place}', received ${received}. ${remedy}`);
}

/** Address under which tfjs asks for its WebAssembly. */
const ADDRESS = 'cnnzoo:tfjs-backend-wasm';

/** Answers the next request of tfjs for its WebAssembly. Other requests pass. */
function answerNextFetch(bytes: Uint8Array<ArrayBuffer>): void {
  const { platform } = env();
  const { fetch } = platform;
  platform.fetch = async (path, init) => {
    if (path !== ADDRESS) return fetch.call(platform, path, init);
    platform.fetch = fetch;
    return new Response(bytes);
  };
}

/**
 * Loads tfjs' wasm backend, which registers itself, and gives it its WebAssembly: the copy inside core's JavaScript, or a
 * file of `wasmPaths`.
 *
 * @throws CnnzooError BACKEND for a wrong `wasmPaths`; DOWNLOAD if the copy can't be loaded; an error if WebAssembly is
 * forbidden or lacks SIMD.
 */
export async function loadWasmBackend(wasmPaths: WasmPaths | undefined, readFile: ReadFile): Promise<void> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  // With COOP and COEP headers tfjs would choose its threaded build, whose initialisation never ends in minified code.
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const hasSimd = await env().getAsync('WASM_HAS_SIMD_SUPPORT');
  if (!hasSimd && wasmPaths === undefined)
    throw new Error(
      `WebAssembly is absent here or lacks SIMD, and cnnzoo contains only the build with SIMD. Give ${PLAIN} by wasmPaths.`,
    );
  const bytes =
    wasmPaths === undefined
      ? await unpack(() => import('../generated/tfjs-backend-wasm-simd.js'), SIMD)
      : await readWasm(hasSimd ? SIMD : PLAIN, wasmPaths, readFile);
  // tfjs would wait for good if the page's policy forbids WebAssembly.
  await WebAssembly.compile(bytes);
  answerNextFetch(bytes);
  setWasmPaths({ [PLAIN]: ADDRESS, [SIMD]: ADDRESS, 'tfjs-backend-wasm-threaded-simd.wasm': ADDRESS }, true);
}
