/** Program of a worker thread in Node: an entry of the build, which platform/node starts. */

import { parentPort } from 'node:worker_threads';
import { readFile } from '#platform';
import { type DecodedImage, decodeImage } from '../../images/index.js';
import type { FromWorker } from '../../platform/index.js';
import { readBlob } from '../../util/late.js';
import { type ImageFile, type ImageJob, type JobReply, serve } from './job.js';

const port = parentPort!;

async function decode({ name, source, maxPixels }: ImageFile): Promise<DecodedImage> {
  const bytes = typeof source === 'string' ? await readFile(source) : await readBlob(source, name);
  return decodeImage(bytes, name, { maxPixels });
}

const post = (reply: FromWorker<JobReply>, transfer: ArrayBuffer[] = []): void => port.postMessage(reply, transfer);

port.on('message', (job: ImageJob) => void serve(job, decode, post));
post('ready');
