import type { KernelName } from '@cnnzoo/kernels';
import { engine, findBackendFactory, getBackend, getKernel, ready, setBackend } from '@tensorflow/tfjs-core';
import type { BackendCandidate, WasmPaths } from '../platform/index.js';
import { CnnzooError, checkOptions, warn } from '../util/index.js';

/**
 * Registers faster kernels for the current backend, where it lacks them. For tfjs' wasm backend, which alone can't
 * train and has one thread in Node, these are the kernels of @cnnzoo/kernels. For tfjs-node they are TensorFlow's own.
 * Kernels that the caller has registered stay.
 */
export async function accelerateBackend(): Promise<void> {
  const name = getBackend();
  if (name === 'tensorflow') (await import('./native-kernels.js')).registerNativeKernels();
  if (name !== 'wasm' || getKernel('CnnzooConv2D' satisfies KernelName, 'wasm')) return;
  const { accelerate } = await import('@cnnzoo/kernels');
  try {
    await accelerate();
  } catch (error) {
    warn(`Nets run slower here and can't be trained: ${(error as Error).message}`);
  }
}

/**
 * Name of a backend of TensorFlow.js, as `useBackend` takes it. 'tfjs-node' and 'tfjs-node-gpu' run in Node alone,
 * 'webgl' and 'webgpu' in pages alone.
 */
export type BackendName = 'tfjs-node-gpu' | 'tfjs-node' | 'wasm' | 'cpu' | 'webgl' | 'webgpu';

/** Options of `useBackend`. */
export interface UseBackendOptions {
  /**
   * Place of tfjs' `.wasm` files: a directory (URL or path, with a slash at the end), or an address for each file.
   * Without effect once the wasm backend has started. Default: the files of the package, which core finds by itself.
   */
  wasmPaths?: WasmPaths;
}

/** End of the latest call of `useBackend`. */
let pending: Promise<unknown> = Promise.resolve();

/** Candidate that was started last. tfjs calls both tfjs-node and tfjs-node-gpu 'tensorflow'. */
let started: BackendCandidate | undefined;

/**
 * Sets the TensorFlow.js backend that computes tensors, and registers the kernels of cnnzoo for it.
 *
 * If the backend can't be used, the current one stays.
 *
 * @param name Default: the current backend; if there is none, the first that works of tfjs-node-gpu, tfjs-node (if
 * installed), wasm and cpu.
 * @returns the backend's name. It may be another than a `BackendName` if the caller has set a backend of another
 * package.
 * @throws CnnzooError BACKEND if the named backend is unknown, not installed or does not start, or if none works; INPUT
 * for unknown options.
 * @example
 * ```ts
 * import { useBackend } from '@cnnzoo/core';
 *
 * const name = await useBackend(); // 'wasm', without tfjs-node
 * ```
 */
export function useBackend(name?: BackendName, options: UseBackendOptions = {}): Promise<string> {
  // Calls run one after the other: when two first calls overlap, the second finds the backend that the first has set.
  const result = pending.then(() => {
    checkOptions('useBackend', options, ['wasmPaths']);
    return choose(name, options);
  });
  pending = result.catch(() => undefined);
  return result;
}

async function choose(name: BackendName | undefined, { wasmPaths }: UseBackendOptions): Promise<string> {
  const { backends } = await import('#platform');
  if (name === undefined) return (await keep()) ?? first(backends, wasmPaths);
  const candidate = backends.find((each) => each.name === name);
  if (!candidate)
    throw new CnnzooError(
      'BACKEND',
      `useBackend('${name}'): there is no such backend here. Expected one of ${backends.map((b) => b.name).join(', ')}.`,
    );
  try {
    return await start(candidate, wasmPaths);
  } catch (cause) {
    throw new CnnzooError('BACKEND', `The backend '${name}' can't be used: ${reason(cause)}\n${candidate.install}`, {
      cause,
    });
  }
}

/** Returns true for an error of the class NotInstalled. The class itself is loaded later, with the platform. */
const isNotInstalled = (error: unknown): boolean =>
  (error as { isNotInstalled?: true } | null)?.isNotInstalled === true;

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Keeps the current backend: waits for it and returns its name. undefined if no backend is set. */
async function keep(): Promise<string | undefined> {
  const { backendName } = engine();
  if (!backendName) return;
  await ready();
  await accelerateBackend();
  return started?.backend === backendName ? started.name : backendName;
}

/** Starts the first automatic candidate that works. */
async function first(candidates: readonly BackendCandidate[], wasmPaths: WasmPaths | undefined): Promise<string> {
  const reasons: string[] = [];
  for (const candidate of candidates.filter(({ automatic }) => automatic)) {
    try {
      return await start(candidate, wasmPaths);
    } catch (error) {
      reasons.push(`${candidate.name}: ${reason(error)}`);
      if (!isNotInstalled(error))
        warn(`The backend '${candidate.name}' is installed but does not work, and is passed over: ${reason(error)}`);
    }
  }
  throw new CnnzooError('BACKEND', `No TensorFlow.js backend can be used:\n  ${reasons.join('\n  ')}`);
}

/** Starts a candidate and makes it the current backend. If that fails, restores the previous backend. */
async function start(candidate: BackendCandidate, wasmPaths: WasmPaths | undefined): Promise<string> {
  const { name, backend } = candidate;
  const tfjs = engine();
  const before = tfjs.backendName;
  if (started && started !== candidate && started.backend === backend)
    throw new Error(`this process computes with '${started.name}' already, and tfjs knows but one of the two.`);
  try {
    if (!findBackendFactory(backend) || (wasmPaths && !(backend in tfjs.registry))) await candidate.load(wasmPaths);
    // `ready` also if the backend is set already: the user may have set it without waiting for it.
    if (tfjs.backendName === backend) await ready();
    else if (!(await setBackend(backend))) throw new Error(`TensorFlow.js could not initialise '${backend}'.`);
    candidate.settle?.();
  } catch (error) {
    // tfjs sets a backend before it knows whether the backend starts, and tfjs-node sets itself on import.
    if (tfjs.backendName !== before) {
      if (before) await setBackend(before);
      else tfjs.backendName = before;
    }
    throw error;
  }
  await accelerateBackend();
  started = candidate;
  return name;
}
