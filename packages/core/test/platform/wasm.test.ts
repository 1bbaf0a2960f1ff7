import { expect, it } from 'vitest';
import { loadWasmBackend } from '../../src/platform/wasm-backend.js';

const HTML = new TextEncoder().encode('<!doctype html><title>The site</title>');
const refusal = (wasmPaths: string | Record<string, string>, bytes = HTML): Promise<unknown> =>
  loadWasmBackend(wasmPaths, async () => bytes).then(
    () => undefined,
    ({ code, message }) => `${code} ${message}`,
  );

it('wasmPaths: a server that answers every address with its page is found out', async () => {
  expect(await refusal('/wasm/')).toMatch(
    /^BACKEND .*'\/wasm\/tfjs-backend-wasm-simd.wasm', received an HTML page. To fix this: copy tfjs-backend-wasm-simd/,
  );
});

it('wasmPaths: bytes that are no WebAssembly, a file without an address and one that is missing are refused', async () => {
  expect(await refusal('/wasm/', new Uint8Array(3))).toContain('received 3 bytes of something else');
  expect(await refusal({ 'tfjs-backend-wasm.wasm': '/plain.wasm' })).toContain(
    "expected the address of 'tfjs-backend-wasm-simd.wasm', received those of tfjs-backend-wasm.wasm",
  );
  const missing = loadWasmBackend('/wasm/', () => Promise.reject(new Error('/wasm/…: HTTP 404.')));
  await expect(missing).rejects.toMatchObject({
    code: 'BACKEND',
    message: expect.stringMatching(/^wasmPaths: .*HTTP 404. To fix this/),
  });
});
