// Work of worker threads in Node and runtimes like it.
import { Worker as Thread } from 'node:worker_threads';
import { labelsFrom } from './served.mjs';
import { sums } from './sums.mjs';
import { startWorker } from './web-worker.mjs';

const startThread = () => new Thread(new URL('./net.worker.js', import.meta.url));

/** Returns what two threads decode, what the main thread decodes, and the labels from nets in workers of their own. */
export async function threads() {
  const alone = await sums('folder', 0);
  const workers = await sums('folder', 2);
  // Node has no Web Workers; Bun and Deno have both.
  const starts = globalThis.Worker ? [startThread, startWorker] : [startThread];
  return { alone, workers, served: await labelsFrom(starts, 'public/seven.png') };
}
