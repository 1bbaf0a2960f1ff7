import { engine, findBackendFactory, getBackend, ready, setBackend } from '@tensorflow/tfjs-core';
import { CnnzooError } from '../errors.js';
import { warn } from '../warn.js';
import type { BackendCandidate, WasmPaths } from './candidate.js';
import { registerWasmGradients } from './wasm-gradients.js';

export type BackendName = 'tfjs-node-gpu' | 'tfjs-node' | 'wasm' | 'cpu' | 'webgl' | 'webgpu';

export interface UseBackendOptions {
  /** Where tfjs' `.wasm` files are, if not where core finds them itself. */
  wasmPaths?: WasmPaths;
}

let pending: Promise<unknown> = Promise.resolve();

/**
 * Sets the backend that tensors are computed on, and resolves to its name. Without a name it keeps the one that is
 * set; where none is, it takes the first of tfjs-node-gpu, tfjs-node (where installed), wasm and cpu that works.
 * @throws CnnzooError BACKEND where the named one is not installed or does not start.
 */
export function useBackend(name?: BackendName, options: UseBackendOptions = {}): Promise<string> {
  // One after the other: of two first calls at once, the second finds the backend that the first has set.
  const result = pending.then(() => choose(name, options));
  pending = result.catch(() => undefined);
  return result;
}

async function choose(name: BackendName | undefined, { wasmPaths }: UseBackendOptions): Promise<string> {
  const { backends } = await import('#platform');
  if (name === undefined) {
    const current = engine().backendName;
    if (current) {
      await ready();
      return nameOf(current, backends);
    }
    return first(
      backends.filter(({ automatic }) => automatic),
      wasmPaths,
    );
  }
  const candidate = backends.find((each) => each.name === name);
  if (!candidate)
    throw new CnnzooError(
      'BACKEND',
      `useBackend('${name}'): there is no such backend here. Expected one of ${backends.map((b) => b.name).join(', ')}.`,
    );
  try {
    await start(candidate, wasmPaths);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CnnzooError('BACKEND', `The backend '${name}' can't be used: ${why}\n${candidate.install}`, { cause });
  }
  return name;
}

async function first(candidates: readonly BackendCandidate[], wasmPaths: WasmPaths | undefined): Promise<string> {
  const reasons: string[] = [];
  for (const candidate of candidates) {
    try {
      await start(candidate, wasmPaths);
      return candidate.name;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      reasons.push(`${candidate.name}: ${why}`);
      if (!isMissing(error))
        warn(`The backend '${candidate.name}' is installed but does not start, so the next one is taken: ${why}`);
    }
  }
  throw new CnnzooError('BACKEND', `No TensorFlow.js backend can be used:\n  ${reasons.join('\n  ')}`);
}

async function start({ backend, load }: BackendCandidate, wasmPaths: WasmPaths | undefined): Promise<void> {
  if (!findBackendFactory(backend) || wasmPaths) await load(wasmPaths);
  if (!(await setBackend(backend))) throw new Error(`TensorFlow.js could not initialise '${backend}'.`);
  if (backend === 'wasm') registerWasmGradients();
}

/** A package that is not installed, as Node, bundlers and browsers say it. */
const isMissing = (error: unknown): boolean =>
  ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'].includes(
    (error as { code?: string } | null)?.code ?? '',
  ) || /Cannot find (package|module)|Failed to (resolve|fetch)/.test(String(error));

const nameOf = (backend: string, backends: readonly BackendCandidate[]): string =>
  backends.find((candidate) => candidate.backend === backend)?.name ?? getBackend();
