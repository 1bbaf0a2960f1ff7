import { type BackendCandidate, MissingBackend } from '../contract.js';
import { cpuBackend } from '../cpu.js';
import { gpuOf, requireAdapter } from '../webgpu.js';
import { readFile } from './files.js';
import { isWorkerd } from './wasm-advice.js';

const OTHER = 'or take another backend: useBackend("wasm")';

/**
 * Returns the error for a backend that the page has to import itself. If core named the package, every bundler would
 * look for it.
 */
const notImported = (name: 'webgl' | 'webgpu'): MissingBackend =>
  new MissingBackend(
    `the page has not imported @tensorflow/tfjs-backend-${name}.`,
    `Install it, and import it in the page before the call: import '@tensorflow/tfjs-backend-${name}';`,
  );

/** tfjs registers its backend only if the page has WebGPU when the package is imported. */
async function loadWebgpu(): Promise<void> {
  if (globalThis.isSecureContext === false)
    throw new MissingBackend(
      `the page has no WebGPU, since it was loaded from ${globalThis.location?.origin}, which is not secure.`,
      `Serve the page over https, or from localhost, ${OTHER}.`,
    );
  if (!gpuOf())
    throw new MissingBackend(
      'this browser has no WebGPU.',
      `Update the browser, or turn WebGPU on in its settings; where WebGPU is missing, 'webgl' may work, ${OTHER}.`,
    );
  throw notImported('webgpu');
}

/** A page has no environment variables. */
export const preferredBackends = (): string[] | undefined => undefined;

/** Backends in order of preference. */
export const backends: readonly BackendCandidate[] = [
  {
    name: 'wasm',
    backend: 'wasm',
    automatic: true,
    isProbed: false,
    get advice() {
      return isWorkerd()
        ? "Cloudflare Workers compile no WebAssembly at run time: write useBackend('cpu') before other calls."
        : "Check that the page's policy allows WebAssembly (script-src 'wasm-unsafe-eval').";
    },
    load: async (wasmPaths) => (await import('../wasm-backend.js')).loadWasmBackend(wasmPaths, readFile),
  },
  cpuBackend,
  {
    name: 'webgl',
    backend: 'webgl',
    automatic: false,
    isProbed: true,
    advice: `WebGL is there and does not work: update the GPU's driver and the browser, ${OTHER}.`,
    load: async () => {
      throw notImported('webgl');
    },
    check: async () => (await import('./webgl.js')).requireWebgl(OTHER),
  },
  {
    name: 'webgpu',
    backend: 'webgpu',
    automatic: false,
    isProbed: true,
    advice: `WebGPU is there and does not work: update the GPU's driver and the browser, ${OTHER}.`,
    load: loadWebgpu,
    check: () =>
      requireAdapter(
        'this browser has WebGPU, but no GPU that it lets the page use.',
        "Turn hardware acceleration on in its settings (chrome://gpu says what is off), or update the GPU's driver, " +
          `${OTHER}.`,
      ),
  },
];
