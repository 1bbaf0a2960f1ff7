import type { ImageWorker, WorkerEvents, WorkerReply } from '../../data/pipeline/worker.js';

/** How many threads this machine runs at once. */
export const processors = (): number => navigator.hardwareConcurrency;

/** Starts a worker. A page waits for none. */
export function startImageWorker({ reply, failed }: WorkerEvents): ImageWorker {
  // Written out in the one form that bundlers recognise.
  const worker = new Worker(new URL('./image-worker-browser.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => reply(data);
  worker.onerror = (event) => {
    event.preventDefault();
    worker.terminate();
    failed(event.message ?? 'its program could not be fetched');
  };
  return { post: (job) => worker.postMessage(job), hold: () => undefined, stop: () => worker.terminate() };
}
