/** The program of a page's worker: workers.ts starts it. */

import type { ImageFile, ImageJob } from '../../data/pipeline/job.js';
import { serve, type WorkerReply } from '../../data/pipeline/worker.js';
import type { DecodedImage } from '../../images/decoded.js';
import { decodeImage } from './decode.js';

/** What of a worker's global scope is needed: TypeScript knows the page's alone. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ImageJob>) => void) | null;
  postMessage(reply: WorkerReply, transfer: ArrayBuffer[]): void;
}
const scope = globalThis as unknown as WorkerScope;

async function decode({ name, source }: ImageFile): Promise<DecodedImage> {
  const file = typeof source === 'string' ? await fetch(source) : source;
  return decodeImage(new Uint8Array(await file.arrayBuffer()), name);
}

const post = (reply: WorkerReply, transfer: ArrayBuffer[] = []): void => scope.postMessage(reply, transfer);

scope.onmessage = ({ data }) => void serve(data, decode, post);
post('ready');
