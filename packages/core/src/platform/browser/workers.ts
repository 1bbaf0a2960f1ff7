import type { FromWorker, WorkerEvents, WorkerThread } from '../workers.js';
import { codecUrls } from './wasm-files.js';

/** How many threads this machine runs at once. */
export const processors = (): number => navigator.hardwareConcurrency;

/** Starts a worker. A page waits for none. */
export async function startImageWorker<Job, Reply>({ reply, failed }: WorkerEvents<Reply>): Promise<WorkerThread<Job>> {
  const { code } = await import('./image-worker-code.js');
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onmessage = ({ data }: MessageEvent<FromWorker<Reply>>) => {
    if (data === 'ready') URL.revokeObjectURL(url);
    reply(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    worker.terminate();
    failed(event.message ?? 'the page allows no worker made of a Blob');
  };
  worker.postMessage(codecUrls());
  return { post: (job) => worker.postMessage(job), hold: () => undefined, stop: () => worker.terminate() };
}
