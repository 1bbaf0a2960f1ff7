import { KernelError } from '../errors.js';
import { HELPER } from '../generated/kernels.js';
import type { HelperData } from './control.js';

/** A started helper thread. */
export interface Helper {
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

/** Starts a helper; resolves when it waits for work. It never keeps a process alive. */
export const startHelper = (data: HelperData): Promise<Helper> => (workerThreads() ? inNode(data) : inPage(data));

async function inNode(data: HelperData): Promise<Helper> {
  const { Worker } = workerThreads()!;
  // Loaders and flags of the caller's are not for this program.
  const worker = new Worker(HELPER, { eval: true, workerData: data, execArgv: [], env: {}, name: 'cnnzoo-kernels' });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a helper thread ended with code ${code} before it began`)));
  });
  worker.removeAllListeners();
  worker.unref();
  return { terminate: () => void worker.terminate() };
}

async function inPage(data: HelperData): Promise<Helper> {
  const url = URL.createObjectURL(new Blob([HELPER], { type: 'text/javascript' }));
  try {
    const worker = new Worker(url, { name: 'cnnzoo-kernels' });
    await new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = (event) => reject(new Error(event.message || 'a worker from a blob: URL was refused'));
      worker.postMessage(data);
    });
    return { terminate: () => worker.terminate() };
  } finally {
    URL.revokeObjectURL(url);
  }
}
