import type { BackendCandidate } from '../../backend/candidate.js';

const native = (name: 'tfjs-node' | 'tfjs-node-gpu', load: () => Promise<unknown>): BackendCandidate => ({
  name,
  backend: 'tensorflow',
  automatic: true,
  install: `Install it: npm install @tensorflow/${name}`,
  load,
});

/** In order of preference. */
export const backends: readonly BackendCandidate[] = [
  native('tfjs-node-gpu', () => import('@tensorflow/tfjs-node-gpu')),
  native('tfjs-node', () => import('@tensorflow/tfjs-node')),
  {
    name: 'wasm',
    backend: 'wasm',
    automatic: true,
    install: 'It comes with @cnnzoo/core: reinstall the packages, or check the wasmPaths you gave.',
    load: async (wasmPaths) => {
      const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
      // In Node the package finds its own files.
      if (wasmPaths) setWasmPaths(wasmPaths as Parameters<typeof setWasmPaths>[0]);
    },
  },
  {
    name: 'cpu',
    backend: 'cpu',
    automatic: true,
    install: 'It comes with @cnnzoo/core: reinstall the packages.',
    load: () => import('@tensorflow/tfjs-backend-cpu'),
  },
];
