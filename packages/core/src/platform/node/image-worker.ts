/** The program of a worker thread: workers.ts starts it. */

import { parentPort } from 'node:worker_threads';
import type { ImageFile, ImageJob } from '../../data/pipeline/job.js';
import { serve, type WorkerReply } from '../../data/pipeline/worker.js';
import type { DecodedImage } from '../../images/decoded.js';
import { decodeImage } from './decode.js';
import { openPath } from './files.js';

const port = parentPort!;

async function decode({ name, source }: ImageFile): Promise<DecodedImage> {
  if (typeof source !== 'string') return decodeImage(new Uint8Array(await source.arrayBuffer()), name);
  const file = await openPath(source);
  try {
    return await decodeImage(await file.read(0, file.size), name);
  } finally {
    await file.close();
  }
}

const post = (reply: WorkerReply, transfer: ArrayBuffer[] = []): void => port.postMessage(reply, transfer);

port.on('message', (job: ImageJob) => void serve(job, decode, post));
post('ready');
