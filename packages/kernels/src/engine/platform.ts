import { KernelError } from '../errors.js';
import { HELPER } from '../generated/kernels.js';
import type { HelperData } from './control.js';

/** A started helper thread. */
export interface Helper {
  /** Returns whether the thread lives; undefined where only the event loop can tell. */
  isAlive(): boolean | undefined;
  /** Ends it at once: only for one that does not end by itself. */
  terminate(): void;
}

// No import that a bundler for pages would have to resolve.
const workerThreads = () => globalThis.process?.getBuiltinModule?.('node:worker_threads');
const availableCores = () => globalThis.process?.getBuiltinModule?.('node:os').availableParallelism();

/** Whether threads can share memory here at all. */
export const canShareMemory = (): boolean =>
  typeof SharedArrayBuffer === 'function' &&
  (workerThreads() !== undefined || (globalThis.crossOriginIsolated === true && typeof Worker === 'function'));

/** Whether this thread may sleep: the main thread of a page may not. */
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

/** Threads to use where nobody says how many: all cores that the process may use, but one in a worker of the caller's. */
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

/** Starts a helper; resolves when it waits for work. It never keeps a process alive. `onEnd`: it has ended since then. */
export const startHelper = (data: HelperData, onEnd: () => void): Promise<Helper> =>
  workerThreads() ? inNode(data, onEnd) : inPage(data, onEnd);

/** Settles as `wait` does, or rejects when the helper takes too long. */
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
  // Loaders and flags of the caller's are not for this program.
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
  // Its event loop never idles while it serves. Of a thread that has ended, Node says at once that it idled for -1 ms.
  const idle = (): number | undefined => worker.performance?.eventLoopUtilization?.().idle;
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
  // The lock is free when the worker has ended, however it did.
  navigator.locks?.request(data.lock, onEnd).catch(() => undefined);
  return { terminate, isAlive: () => undefined };
}
