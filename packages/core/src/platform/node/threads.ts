import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers';
import { parentPort, Worker } from 'node:worker_threads';
import { breathing, scopePort } from '../common.js';
import type { FromWorker, WorkerEvents, WorkerPort, WorkerThread } from '../contract.js';
import type { Sharp } from '../decoders.js';
import { findOptional, importFound } from './optional.js';

/** Returns the number of threads that this machine runs at once. */
export const processors = (): number => availableParallelism();

/** Starts a worker thread. It does not keep the process alive until it is held. */
export async function startImageWorker<Job, Reply>({ reply, failed }: WorkerEvents<Reply>): Promise<WorkerThread<Job>> {
  // The worker gets none of the process' flags: `--input-type` alone would keep it from starting.
  const worker = new Worker(new URL('./image-worker-node.js', import.meta.url), { execArgv: [] });
  let stopped = false;
  worker.on('message', (message: FromWorker<Reply>) => reply(message));
  let error: unknown;
  worker.on('error', (cause) => {
    error = cause;
  });
  worker.on('exit', (code) => {
    if (!stopped) failed(error ?? new Error(`it exited with ${code}`));
  });
  return {
    post: (job) => worker.postMessage(job),
    hold: (held) => (held ? worker.ref() : worker.unref()),
    stop() {
      stopped = true;
      void worker.terminate();
    },
  };
}

/** Returns the line to the program that started this thread; undefined on the main thread. */
export function workerPort(): WorkerPort | undefined {
  const port = parentPort;
  // Runtimes with Node's modules may have Web Workers too.
  if (!port) return scopePort();
  return {
    post: (message, transfer = []) => port.postMessage(message, transfer as Parameters<typeof port.postMessage>[1]),
    listen(heard, unreadable) {
      port.on('message', heard);
      port.on('messageerror', unreadable);
    },
    // A thread's end is an event.
    lock: () => Promise.resolve(undefined),
  };
}

/** Milliseconds for which a computation may block the event loop. */
export const LONGEST_TURN = 50;

/** Resolves after waiting timers, signals and messages have been handled. */
export const nextTurn = (): Promise<void> =>
  // Two turns: the first callback may run in the current turn, before timers.
  new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));

export const breathe = /* @__PURE__ */ breathing({ LONGEST_TURN, nextTurn });

/** Loads sharp. Resolves to null if it is not installed or does not run on this machine. */
export async function findSharp(): Promise<Sharp | null> {
  const found = findOptional('sharp');
  if (found === undefined) return null;
  try {
    return ((await importFound(found)) as { default: Sharp }).default;
  } catch {
    return null;
  }
}
