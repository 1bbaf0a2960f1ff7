/** The program of a worker thread: workers.ts starts it. */

import { parentPort } from 'node:worker_threads';
import type { ImageFile, ImageJob } from '../../data/pipeline/job.js';
import { serve, type WorkerReply } from '../../data/pipeline/worker.js';
import type { DecodedImage } from '../../images/decoded.js';
import { readBlob } from '../../images/read-blob.js';
import { readFile } from '../../read-file.js';
import { decodeImage } from './decode.js';

const port = parentPort!;

async function decode({ name, source, maxPixels }: ImageFile): Promise<DecodedImage> {
  const bytes = typeof source === 'string' ? await readFile(source) : await readBlob(source, name);
  return decodeImage(bytes, name, { maxPixels });
}

const post = (reply: WorkerReply, transfer: ArrayBuffer[] = []): void => port.postMessage(reply, transfer);

port.on('message', (job: ImageJob) => void serve(job, decode, post));
post('ready');
