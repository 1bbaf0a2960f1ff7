import { env } from '@tensorflow/tfjs-core';
import { type BackendCandidate, MissingBackend } from '../contract.js';
import { cpuBackend } from '../cpu.js';
import { loadWasmBackend } from '../wasm.js';
import { gpuOf, requireAdapter } from '../webgpu.js';
import { readFile } from './files.js';

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

/** Returns true in workerd, the runtime of Cloudflare Workers. It is no page, and compiles no WebAssembly from bytes. */
const isWorkerd = (): boolean => globalThis.navigator?.userAgent === 'Cloudflare-Workers';

/** Returns advice for a decoder that can't start. */
export const wasmAdvice = (): string =>
  isWorkerd()
    ? "Cloudflare Workers compile no WebAssembly at run time: give a PNG, or an image's pixels as { data, width, height }."
    : "Does the page allow WebAssembly (script-src 'wasm-unsafe-eval')?";

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
    load: (wasmPaths) => loadWasmBackend(wasmPaths, readFile),
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
