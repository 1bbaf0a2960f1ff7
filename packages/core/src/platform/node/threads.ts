import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers';
import { parentPort, Worker } from 'node:worker_threads';
import { breathing, scopePort } from '../common.js';
import type { FromWorker, LoadWasm, Sharp, WorkerEvents, WorkerPort, WorkerThread } from '../contract.js';

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

const FILES = {
  JPEG: '@cwasm/jpeg-turbo/jpeg-turbo.wasm',
  WebP: '@jsquash/webp/codec/dec/webp_dec.wasm',
};

/** Loads a decoder from its package. The codecs can't do it themselves, since Node's `fetch` reads no files. */
export const loadCodecWasm: LoadWasm = async (format) =>
  WebAssembly.compile(new Uint8Array(await readFile(createRequire(import.meta.url).resolve(FILES[format]))));

/** Loads sharp. Resolves to null if it is not installed or does not run on this machine. */
export async function findSharp(): Promise<Sharp | null> {
  try {
    return (await import('sharp')).default;
  } catch {
    return null;
  }
}
