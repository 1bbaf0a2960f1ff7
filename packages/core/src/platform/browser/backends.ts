import { env } from '@tensorflow/tfjs-core';
import { type BackendCandidate, MissingBackend, type WasmPaths } from '../contract.js';
import { gpuOf, requireAdapter } from '../webgpu.js';

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

/** Asks for a WebGL context as tfjs does, which would print a line if there is none. */
async function requireWebgl(): Promise<void> {
  if (webgl('webgl2') ?? webgl('webgl')) return;
  throw new MissingBackend(
    'this browser gives the page no WebGL.',
    "Turn hardware acceleration on in its settings (chrome://gpu says what is off), or update the GPU's driver, " +
      `${OTHER}.`,
  );
}

function webgl(version: 'webgl' | 'webgl2'): unknown {
  const canvas =
    version === 'webgl2' && globalThis.OffscreenCanvas ? new OffscreenCanvas(1, 1) : page()?.createElement('canvas');
  const context = canvas?.getContext(version, {
    failIfMajorPerformanceCaveat: !env().getBool('SOFTWARE_WEBGL_ENABLED'),
  }) as WebGLRenderingContext | null | undefined;
  // A browser has few contexts.
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return context;
}

const page = (): Document | undefined => (globalThis as { document?: Document }).document;

/** A page has no environment variables. */
export const preferredBackends = (): string[] | undefined => undefined;

/** Backends in order of preference. */
export const backends: readonly BackendCandidate[] = [
  {
    name: 'wasm',
    backend: 'wasm',
    automatic: true,
    isProbed: false,
    advice: 'Check that the page can fetch its .wasm files, or say where they are: useBackend("wasm", { wasmPaths }).',
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
    isProbed: false,
    advice: 'It comes with @cnnzoo/core: reinstall the packages.',
    load: () => import('@tensorflow/tfjs-backend-cpu'),
  },
  {
    name: 'webgl',
    backend: 'webgl',
    automatic: false,
    isProbed: true,
    advice: `WebGL is there and does not work: update the GPU's driver and the browser, ${OTHER}.`,
    load: async () => {
      throw notImported('webgl');
    },
    check: requireWebgl,
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
