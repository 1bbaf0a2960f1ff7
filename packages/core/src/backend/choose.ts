import type { BackendCandidate, WasmPaths } from '../platform/index.js';
import { CnnzooError, checkOptions, warn } from '../util/index.js';
import { keep, start } from './start.js';

/**
 * Name of a backend of TensorFlow.js, as `useBackend` takes it. 'tfjs-node' and 'tfjs-node-gpu' run in Node alone,
 * 'webgl' in pages alone.
 */
export type BackendName = 'tfjs-node-gpu' | 'tfjs-node' | 'wasm' | 'cpu' | 'webgl' | 'webgpu';

/** Names of all backends, here and elsewhere. */
const NAMES: readonly string[] = [
  'tfjs-node-gpu',
  'tfjs-node',
  'wasm',
  'cpu',
  'webgl',
  'webgpu',
] satisfies BackendName[];

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

/** Names that were chosen last, in order of preference. */
let preference: readonly string[] | undefined;

/** Chooses a backend and starts it: `useBackend`. */
export function chooseInTurn(
  name?: BackendName | readonly BackendName[],
  options: UseBackendOptions = {},
): Promise<string> {
  // Calls run one after the other: when two first calls overlap, the second finds the backend that the first has set.
  const result = pending.then(() => {
    checkOptions('useBackend', options, ['wasmPaths']);
    return choose(name, options);
  });
  pending = result.catch(() => undefined);
  return result;
}

async function choose(name: string | readonly string[] | undefined, { wasmPaths }: UseBackendOptions): Promise<string> {
  const { backends, preferredBackends } = await import('../platform/backends.js');
  if (name !== undefined) {
    const names = typeof name === 'string' ? [name] : name;
    checkNames(`useBackend(${JSON.stringify(name)})`, names, backends);
    const found = await first(names, backends, wasmPaths);
    preference = names;
    return found;
  }
  const kept = await keep();
  if (kept !== undefined) return kept;
  if (preference) return first(preference, backends, wasmPaths);
  const preferred = preferredBackends();
  if (preferred) checkNames(`CNNZOO_BACKEND=${preferred.join(',')}`, preferred, backends);
  const automatic = backends.filter((each) => each.automatic).map((each) => each.name);
  return first(preferred ?? automatic, backends, wasmPaths);
}

/** Refuses a list that names a backend twice, none at all, or one that exists nowhere. */
function checkNames(where: string, names: unknown, backends: readonly BackendCandidate[]): void {
  const here = backends.map((each) => each.name).join(', ');
  if (!(Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string')))
    throw new CnnzooError('INPUT', `${where}: expected a backend's name, or a list of at least one: ${here}.`);
  for (const [at, name] of names.entries()) {
    if (!NAMES.includes(name))
      throw new CnnzooError('BACKEND', `${where}: there is no backend '${name}'. Expected one of ${here}.`);
    if (names.indexOf(name) !== at)
      throw new CnnzooError('INPUT', `${where}: '${name}' is there twice. Expected each name once, of ${here}.`);
  }
}

/** Reason in words why a backend can't be used, and advice. */
const reason = (error: unknown, advice: string): string =>
  `${error instanceof Error ? error.message : String(error)}\n${(error as { advice?: string } | null)?.advice ?? advice}`;

/** Starts the first of the named backends that works. */
async function first(
  names: readonly string[],
  backends: readonly BackendCandidate[],
  wasmPaths: WasmPaths | undefined,
): Promise<string> {
  const faults: { name: string; reason: string; cause: unknown; isMissing: boolean }[] = [];
  for (const name of names) {
    const candidate = backends.find((each) => each.name === name);
    try {
      if (!candidate) throw elsewhere(name, backends);
      const found = await start(candidate, wasmPaths);
      for (const fault of faults)
        if (!fault.isMissing)
          warn(`The backend '${fault.name}' is installed but does not work, and is passed over: ${fault.reason}`);
      return found;
    } catch (cause) {
      // The class itself is loaded later, with the platform.
      const isMissing = !candidate || (cause as { isMissing?: true } | null)?.isMissing === true;
      faults.push({ name, reason: reason(cause, candidate?.advice ?? ''), cause, isMissing });
    }
  }
  const [fault] = faults;
  if (faults.length === 1)
    throw new CnnzooError('BACKEND', `The backend '${fault!.name}' can't be used: ${fault!.reason.trimEnd()}`, {
      cause: fault!.cause,
    });
  const lines = faults.map((each) => `  ${each.name}: ${each.reason.trimEnd().replaceAll('\n', '\n    ')}`);
  throw new CnnzooError('BACKEND', `None of these backends can be used:\n${lines.join('\n')}`, {
    cause: new AggregateError(faults.map(({ cause }) => cause)),
  });
}

/** Returns the error for a backend of another platform. */
function elsewhere(name: string, backends: readonly BackendCandidate[]): Error {
  const here = backends.map((each) => each.name).join(', ');
  return new Error(`it runs in ${name === 'webgl' ? 'pages' : 'Node'} alone. Expected one of ${here}.`);
}
