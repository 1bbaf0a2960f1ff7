import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { FromWorker, WorkerEvents, WorkerThread } from '../workers.js';

/** How many threads this machine runs at once. */
export const processors = (): number => availableParallelism();

/** Starts a worker thread, which does not keep the process alive until it is held. */
export async function startImageWorker<Job, Reply>({ reply, failed }: WorkerEvents<Reply>): Promise<WorkerThread<Job>> {
  // None of the process' own flags: `--input-type` alone would keep it from starting.
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
