import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { type BackendCandidate, NotInstalled } from '../contract.js';

/**
 * Loads a package that core does not depend on. Bundlers don't look for it, since its name is no literal.
 *
 * @throws NotInstalled if the package is not installed.
 */
async function loadOptional(name: string): Promise<unknown> {
  let path: string;
  try {
    path = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new NotInstalled(`${name} is not installed.`, { cause });
  }
  return import(pathToFileURL(path).href);
}

/** Throws if tfjs-node 4.22 can't compute here: it calls functions of node:util that Node 23 has removed. */
function checkRemovedFunctions(): void {
  try {
    tf.tidy(() => tf.add(tf.ones([1]), tf.ones([1])));
  } catch (error) {
    if (/is not a function/.test(String(error)))
      throw new Error(`it does not work on Node ${process.version}: ${error}`);
  }
}

const native = (name: 'tfjs-node' | 'tfjs-node-gpu'): BackendCandidate => ({
  name,
  backend: 'tensorflow',
  automatic: true,
  install: `Install it with \`npm install @tensorflow/${name}\`, and let its install script run.`,
  load: () => loadOptional(`@tensorflow/${name}`),
  settle: checkRemovedFunctions,
});

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

/** Backends in order of preference. */
export const backends: readonly BackendCandidate[] = [
  native('tfjs-node-gpu'),
  native('tfjs-node'),
  {
    name: 'wasm',
    backend: 'wasm',
    automatic: true,
    install: 'It comes with @cnnzoo/core: reinstall the packages, or check the wasmPaths you gave.',
    load: async (wasmPaths) => {
      listenersBefore = listeners();
      const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
      // In Node the package finds its own files.
      if (wasmPaths) setWasmPaths(wasmPaths as Parameters<typeof setWasmPaths>[0]);
    },
    settle: removeListeners,
  },
  {
    name: 'cpu',
    backend: 'cpu',
    automatic: true,
    install: 'It comes with @cnnzoo/core: reinstall the packages.',
    load: () => import('@tensorflow/tfjs-backend-cpu'),
  },
];
