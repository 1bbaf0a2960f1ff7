/** The program of a worker thread in Node: an entry of the build, which platform/node starts. */

import { parentPort } from 'node:worker_threads';
import type { DecodedImage } from '../../images/decoded.js';
import { decodeImage } from '../../images/image-decoder.js';
import { readBlob } from '../../images/read-blob.js';
import type { FromWorker } from '../../platform/workers.js';
import { readFile } from '../../read-file.js';
import type { ImageFile, ImageJob } from './job.js';
import { type JobReply, serve } from './worker.js';

const port = parentPort!;

async function decode({ name, source, maxPixels }: ImageFile): Promise<DecodedImage> {
  const bytes = typeof source === 'string' ? await readFile(source) : await readBlob(source, name);
  return decodeImage(bytes, name, { maxPixels });
}

const post = (reply: FromWorker<JobReply>, transfer: ArrayBuffer[] = []): void => port.postMessage(reply, transfer);

port.on('message', (job: ImageJob) => void serve(job, decode, post));
post('ready');
