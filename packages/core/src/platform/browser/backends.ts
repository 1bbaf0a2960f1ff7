import { env } from '@tensorflow/tfjs-core';
import type { BackendCandidate, WasmPaths } from '../contract.js';

/** The copies in dist/wasm, written out one by one: bundlers emit the files they find in this form, and only those. */
const ownFiles = (): WasmPaths => {
  const simd = new URL('./wasm/tfjs-backend-wasm-simd.wasm', import.meta.url).href;
  return {
    'tfjs-backend-wasm.wasm': new URL('./wasm/tfjs-backend-wasm.wasm', import.meta.url).href,
    'tfjs-backend-wasm-simd.wasm': simd,
    // tfjs wants an entry, and never asks for it: threads are off, below.
    'tfjs-backend-wasm-threaded-simd.wasm': simd,
  };
};

/** A backend that the page brings itself: naming its package here would make every bundler look for it. */
const imported = (name: 'webgl' | 'webgpu'): BackendCandidate => ({
  name,
  backend: name,
  automatic: false,
  install: `Install @tensorflow/tfjs-backend-${name} and import it in your page before useBackend('${name}').`,
  load: async () => {
    throw new Error(`no backend '${name}' is registered.`);
  },
});

/** In order of preference. */
export const backends: readonly BackendCandidate[] = [
  {
    name: 'wasm',
    backend: 'wasm',
    automatic: true,
    install: 'Check that the page can fetch its .wasm files, or say where they are: useBackend("wasm", { wasmPaths }).',
    load: async (wasmPaths) => {
      const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
      // With COOP/COEP headers tfjs takes its threaded build, whose initialisation never returns once minified.
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
