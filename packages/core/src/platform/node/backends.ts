import { type BackendCandidate, MissingBackend } from '../contract.js';
import { cpuBackend } from '../cpu.js';
import { requireAdapter } from '../webgpu.js';
import { readFile } from './files.js';
import { findOptional, importFound } from './optional.js';

/**
 * Returns the URL of a package that core does not depend on.
 *
 * @throws MissingBackend if the package is not installed.
 */
function requireOptional(name: string, advice: string): string {
  const found = findOptional(name);
  if (found === undefined) throw new MissingBackend(`${name} is not installed.`, advice);
  return found;
}

const native = (name: 'tfjs-node' | 'tfjs-node-gpu'): BackendCandidate => ({
  name,
  backend: 'tensorflow',
  automatic: true,
  isProbed: true,
  advice:
    `Run the install script of @tensorflow/${name}, which downloads TensorFlow, on a version of Node before 23: ` +
    'tfjs-node 4.22 calls functions that Node 23 has removed.',
  load: async () =>
    importFound(
      requireOptional(
        `@tensorflow/${name}`,
        `Install it with \`npm install @tensorflow/${name}\`, and let its install script run.`,
      ),
    ),
});

/** The package `webgpu`: WebGPU for Node. */
interface Dawn {
  /** Returns what a browser has as `navigator.gpu`. */
  create(options: readonly string[]): object;
  /** Classes and constants of WebGPU, which a browser has as globals. */
  readonly globals: Readonly<Record<string, unknown>>;
}

const INSTALL_WEBGPU = 'Install both packages it needs: `npm install webgpu @tensorflow/tfjs-backend-webgpu`.';

/** Sets WebGPU's globals and `navigator.gpu`, unless the runtime has them. Then loads tfjs' backend, which needs them. */
async function loadWebgpu(): Promise<void> {
  const backend = requireOptional('@tensorflow/tfjs-backend-webgpu', INSTALL_WEBGPU);
  const { navigator } = globalThis as { navigator?: { gpu?: object } };
  if (!navigator?.gpu) {
    const { create, globals } = (await importFound(requireOptional('webgpu', INSTALL_WEBGPU))) as Dawn;
    const gpu = create([]);
    for (const [name, value] of Object.entries(globals)) if (!(name in globalThis)) define(globalThis, name, value);
    // Node 20 has no navigator.
    if (!navigator) define(globalThis, 'navigator', {});
    define((globalThis as unknown as { navigator: object }).navigator, 'gpu', gpu);
  }
  await importFound(backend);
}

const define = (target: object, name: string, value: unknown): void =>
  void Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false });

/**
 * Events that tfjs' wasm code listens to. Its listeners throw every uncaught error again, so that Node prints the whole
 * minified module before the message. They are removed.
 */
const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;
type Listener = (...args: unknown[]) => void;
let listenersBefore: Listener[] = [];

const listeners = (): Listener[] => EVENTS.flatMap((event) => process.listeners(event as 'exit') as Listener[]);

function removeListeners(): void {
  for (const event of EVENTS)
    for (const listener of process.listeners(event as 'exit') as Listener[])
      if (!listenersBefore.includes(listener)) process.removeListener(event, listener);
}

/** Returns the names in the environment variable `CNNZOO_BACKEND`: 'webgpu,wasm'. undefined if it is not set. */
export function preferredBackends(): string[] | undefined {
  const text = process.env.CNNZOO_BACKEND?.trim();
  return text ? text.split(',').map((name) => name.trim()) : undefined;
}

/** Backends in order of preference. */
export const backends: readonly BackendCandidate[] = [
  native('tfjs-node-gpu'),
  native('tfjs-node'),
  {
    name: 'wasm',
    backend: 'wasm',
    automatic: true,
    isProbed: false,
    advice: 'It comes with @cnnzoo/core: reinstall the packages, or check the wasmPaths you gave.',
    load: async (wasmPaths) => {
      listenersBefore = listeners();
      const { loadWasmBackend } = await import('../wasm-backend.js');
      await loadWasmBackend(wasmPaths, readFile);
    },
    settle: removeListeners,
  },
  cpuBackend,
  {
    name: 'webgpu',
    backend: 'webgpu',
    automatic: false,
    isProbed: true,
    advice: 'Update the GPU\'s driver and the package webgpu, or take another backend: useBackend("wasm").',
    load: loadWebgpu,
    check: () =>
      requireAdapter(
        'the package webgpu finds no driver of a GPU.',
        'Install the driver (Linux: a Vulkan driver and libvulkan.so.1; in a container, also make the GPU visible ' +
          'there), or take another backend: useBackend("wasm").',
      ),
  },
];
