import { KernelError } from '../errors.js';
import { HELPER } from '../generated/kernels.js';
import type { HelperData } from './control.js';

/** Helper thread that has started. */
export interface Helper {
  /** Returns true if the thread lives; undefined if only the event loop can tell. */
  isAlive(): boolean | undefined;
  /** Ends the thread at once. Meant for one that does not end by itself. */
  terminate(): void;
}

// Avoids an import that bundlers for pages would have to resolve.
const workerThreads = () => globalThis.process?.getBuiltinModule?.('node:worker_threads');
const availableCores = () => globalThis.process?.getBuiltinModule?.('node:os').availableParallelism();

/** Returns true if threads can share memory. */
export const canShareMemory = (): boolean =>
  typeof SharedArrayBuffer === 'function' &&
  (workerThreads() !== undefined || (globalThis.crossOriginIsolated === true && typeof Worker === 'function'));

/** Returns true if this thread may sleep. The main thread of a page may not. */
export function canSleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

function inWorker(): boolean {
  const node = workerThreads();
  if (node) return !node.isMainThread;
  return 'WorkerGlobalScope' in globalThis;
}

export const MOST_THREADS = 256;
export const isThreadCount = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= MOST_THREADS;

/** Returns the default number of threads: the cores that the process may use, or 1 in a worker. */
export function defaultThreads(): number {
  if (inWorker()) return 1;
  const variable = globalThis.process?.env?.CNNZOO_THREADS;
  if (!variable) return Math.min(MOST_THREADS, availableCores() ?? navigator.hardwareConcurrency ?? 1);
  if (!isThreadCount(Number(variable)))
    throw new KernelError(`CNNZOO_THREADS is '${variable}'; it takes a number from 1 to ${MOST_THREADS}, or nothing.`);
  return Number(variable);
}

/** Milliseconds within which a helper has to be ready. */
const START_LIMIT = 30_000;

/**
 * Starts a helper and resolves when it waits for work. It never keeps a process alive. `onEnd` is called when the
 * helper ends later on.
 */
export const startHelper = (data: HelperData, onEnd: () => void): Promise<Helper> =>
  workerThreads() ? inNode(data, onEnd) : inPage(data, onEnd);

/** Settles as `wait` does, or rejects after START_LIMIT. */
async function inTime(wait: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((_, reject) => {
    const error = new Error(`a helper thread was not ready after ${START_LIMIT / 1000} seconds`);
    timer = setTimeout(reject, START_LIMIT, error);
  });
  try {
    await Promise.race([wait, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function inNode(data: HelperData, onEnd: () => void): Promise<Helper> {
  const { Worker } = workerThreads()!;
  // The caller's loaders and flags would break this program.
  const worker = new Worker(HELPER, { eval: true, workerData: data, execArgv: [], env: {}, name: 'cnnzoo-kernels' });
  const terminate = () => void worker.terminate();
  try {
    await inTime(
      new Promise<void>((resolve, reject) => {
        worker.once('message', () => resolve());
        worker.once('error', reject);
        worker.once('exit', (code) => reject(new Error(`a helper thread ended with code ${code} before it began`)));
      }),
    );
  } catch (error) {
    terminate();
    throw error;
  }
  worker.on('error', onEnd);
  worker.on('exit', onEnd);
  worker.unref();
  // The event loop of a serving helper never idles. Node at once reports an idle time of -1 ms for a thread that has
  // ended. Bun has the function, and it prints an error.
  const idle = (): number | undefined =>
    'bun' in process.versions ? undefined : worker.performance?.eventLoopUtilization?.().idle;
  const idleAtStart = idle();
  return { terminate, isAlive: () => (idleAtStart === undefined ? undefined : idle() === idleAtStart) };
}

async function inPage(data: HelperData, onEnd: () => void): Promise<Helper> {
  const url = URL.createObjectURL(new Blob([HELPER], { type: 'text/javascript' }));
  const worker = new Worker(url, { name: 'cnnzoo-kernels' });
  const terminate = () => worker.terminate();
  try {
    await inTime(
      new Promise<void>((resolve, reject) => {
        worker.onmessage = () => resolve();
        worker.onerror = (event) => reject(new Error(event.message || 'a worker from a blob: URL was refused'));
        worker.postMessage(data);
      }),
    );
  } catch (error) {
    terminate();
    throw error;
  } finally {
    URL.revokeObjectURL(url);
  }
  worker.onerror = onEnd;
  // The lock is released when the worker ends, for whatever reason.
  navigator.locks?.request(data.lock, onEnd).catch(() => undefined);
  return { terminate, isAlive: () => undefined };
}
