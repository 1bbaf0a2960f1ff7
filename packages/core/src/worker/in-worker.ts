import { CnnzooError, checkOptions } from '../util/index.js';
import { throwIfAborted } from '../util/late.js';
import { Line, type WorkerLike } from './line.js';
import { WorkerClassifier } from './worker-classifier.js';

/** Options of `inWorker`. */
export interface InWorkerOptions {
  /** Stops the start, and ends the worker. */
  signal?: AbortSignal | undefined;
  /** Called as bytes of the weights arrive in the worker, if its file passes on the options that `serveClassifier` gives. */
  progress?: ((state: { readonly loaded: number; readonly total: number | null }) => void) | undefined;
  /**
   * Milliseconds that the worker's file and its imports may take to load and to call `serveClassifier`. The net's own download has
   * no such limit. Infinity: no limit. Default: 60,000.
   */
  timeoutMs?: number | undefined;
}

/** Milliseconds in which a worker's file has to call serveClassifier. */
const TIMEOUT = 60_000;

/**
 * Starts a worker whose file calls `serveClassifier`, and returns its classifier. `dispose` ends the worker.
 *
 * In a page the worker is a Web Worker, written out as below, so that bundlers find its file. In Node it is a `Worker` of
 * `node:worker_threads`: `new Worker(new URL('./net.worker.js', import.meta.url))`. It does not keep a process alive that waits for
 * no call.
 *
 * @param start makes the worker.
 * @throws CnnzooError BACKEND if the worker does not start, its file throws, or does not call `serveClassifier` in time; ABORTED by
 * the signal; INPUT for unknown options; the error of the function that makes the classifier.
 *
 * @example
 * ```ts
 * import { inWorker } from '@cnnzoo/core/worker';
 *
 * const net = await inWorker(() => new Worker(new URL('./net.worker.js', import.meta.url), { type: 'module' }));
 * const answers = await net.classify(['cat.jpg', 'dog.jpg'], { signal });
 * ```
 */
export async function inWorker(
  start: () => WorkerLike | Promise<WorkerLike>,
  options: InWorkerOptions = {},
): Promise<WorkerClassifier> {
  checkOptions('inWorker', options, ['signal', 'progress', 'timeoutMs']);
  const { signal, progress, timeoutMs = TIMEOUT } = options;
  if (typeof start !== 'function')
    throw new CnnzooError('INPUT', `inWorker: expected a function that makes a worker, received ${typeof start}.`);
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0))
    throw new CnnzooError('INPUT', `inWorker: expected timeoutMs above 0, received ${String(timeoutMs)}.`);
  throwIfAborted('The start of the worker', signal);
  let worker: WorkerLike;
  try {
    worker = await start();
  } catch (cause) {
    throw new CnnzooError('BACKEND', `The worker can't be made: ${cause}`, { cause });
  }
  if (typeof worker?.postMessage !== 'function' || typeof worker.terminate !== 'function')
    throw new CnnzooError(
      'INPUT',
      "inWorker: expected the function to return a worker. Write `() => new Worker(new URL('./net.worker.js', " +
        "import.meta.url), { type: 'module' })`.",
    );
  // A thread that has ended answers nothing, not even with an event.
  if ('threadId' in worker && worker.threadId === -1)
    throw new CnnzooError('BACKEND', 'The worker has ended already. Make a new one in the function.');
  const line = new Line(worker);
  return new WorkerClassifier(line, await line.open({ signal, progress, timeoutMs }));
}
