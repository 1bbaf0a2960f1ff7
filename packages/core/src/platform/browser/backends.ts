import { env } from '@tensorflow/tfjs-core';
import type { BackendCandidate, WasmPaths } from '../contract.js';

/**
 * Returns the URLs of the copies in dist/wasm, each written out: bundlers only emit files that they find in this form.
 */
const ownFiles = (): WasmPaths => {
  const simd = new URL('./wasm/tfjs-backend-wasm-simd.wasm', import.meta.url).href;
  return {
    'tfjs-backend-wasm.wasm': new URL('./wasm/tfjs-backend-wasm.wasm', import.meta.url).href,
    'tfjs-backend-wasm-simd.wasm': simd,
    // tfjs needs an entry, but never fetches it: threads are switched off below.
    'tfjs-backend-wasm-threaded-simd.wasm': simd,
  };
};

/**
 * Returns a candidate for a backend that the page imports itself. If core named the package, every bundler would look
 * for it.
 */
const imported = (name: 'webgl' | 'webgpu'): BackendCandidate => ({
  name,
  backend: name,
  automatic: false,
  install: `Install @tensorflow/tfjs-backend-${name} and import it in your page before useBackend('${name}').`,
  load: async () => {
    throw new Error(`no backend '${name}' is registered.`);
  },
});

/** Backends in order of preference. */
export const backends: readonly BackendCandidate[] = [
  {
    name: 'wasm',
    backend: 'wasm',
    automatic: true,
    install: 'Check that the page can fetch its .wasm files, or say where they are: useBackend("wasm", { wasmPaths }).',
    load: async (wasmPaths) => {
      const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
      // With COOP and COEP headers tfjs would choose its threaded build, whose initialisation never ends in minified
      // code.
      env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
      setWasmPaths((wasmPaths ?? ownFiles()) as Parameters<typeof setWasmPaths>[0]);
    },
  },
  {
    name: 'cpu',
    backend: 'cpu',
    automatic: true,
    install: 'It comes with @cnnzoo/core: reinstall the packages.',
    load: () => import('@tensorflow/tfjs-backend-cpu'),
  },
  imported('webgl'),
  imported('webgpu'),
];
