import type { KernelName } from '@cnnzoo/kernels';
import { engine, findBackendFactory, getBackend, getKernel, ready, setBackend } from '@tensorflow/tfjs-core';
import type { BackendCandidate, WasmPaths } from '#platform';
import { CnnzooError, checkOptions, warn } from '../util/index.js';

/**
 * Puts kernels of our own behind the backend that is set, where it lacks them: those of @cnnzoo/kernels behind tfjs' wasm
 * backend, which can't train by itself and has one thread in Node; TensorFlow's own behind tfjs-node. Kernels that the
 * caller has put there stay.
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

export type BackendName = 'tfjs-node-gpu' | 'tfjs-node' | 'wasm' | 'cpu' | 'webgl' | 'webgpu';

export interface UseBackendOptions {
  /** Where tfjs' `.wasm` files are, if not where core finds them itself; has its say until wasm has started. */
  wasmPaths?: WasmPaths;
}

let pending: Promise<unknown> = Promise.resolve();

/** The candidate that was started last: tfjs calls both native backends 'tensorflow'. */
let started: BackendCandidate | undefined;

/**
 * Sets the backend that tensors are computed on, and resolves to its name. Without a name it keeps the one that is
 * set; where none is, it takes the first of tfjs-node-gpu, tfjs-node (where installed), wasm and cpu that works.
 * A backend that can't be had leaves the one that was set.
 * @throws CnnzooError BACKEND where the named one is not installed or does not start.
 */
export function useBackend(name?: BackendName, options: UseBackendOptions = {}): Promise<string> {
  // One after the other: of two first calls at once, the second finds the backend that the first has set.
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

/** Not by its class, which is loaded with the platform. */
const isNotInstalled = (error: unknown): boolean =>
  (error as { isNotInstalled?: true } | null)?.isNotInstalled === true;

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The backend that is set, if any. */
async function keep(): Promise<string | undefined> {
  const { backendName } = engine();
  if (!backendName) return;
  await ready();
  await accelerateBackend();
  return started?.backend === backendName ? started.name : backendName;
}

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

async function start(candidate: BackendCandidate, wasmPaths: WasmPaths | undefined): Promise<string> {
  const { name, backend } = candidate;
  const tfjs = engine();
  const before = tfjs.backendName;
  if (started && started !== candidate && started.backend === backend)
    throw new Error(`this process computes with '${started.name}' already, and tfjs knows but one of the two.`);
  try {
    if (!findBackendFactory(backend) || (wasmPaths && !(backend in tfjs.registry))) await candidate.load(wasmPaths);
    // Also where it is set already: the user may have begun to, and not waited.
    if (tfjs.backendName === backend) await ready();
    else if (!(await setBackend(backend))) throw new Error(`TensorFlow.js could not initialise '${backend}'.`);
    candidate.settle?.();
  } catch (error) {
    // tfjs makes a backend the current one before it knows whether it starts, and tfjs-node sets itself.
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
