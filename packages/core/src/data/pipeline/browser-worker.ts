/** Program of a page's worker. The build bundles it into the text that platform/browser starts. */

import { type Codec, type DecodedImage, decodeWith, wasmCodec } from '../../images/index.js';
import { type CodecUrls, compileCodec } from '../../platform/browser/threads.js';
import type { FromWorker } from '../../platform/index.js';
import { readBlob } from '../../util/late.js';
import { type ImageFile, type ImageJob, type JobReply, serve } from './job.js';

/** Members of a worker's global scope that are used here. TypeScript's own types are those of a page. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<CodecUrls | ImageJob>) => void) | null;
  postMessage(reply: FromWorker<JobReply>, transfer: ArrayBuffer[]): void;
}
const scope = globalThis as unknown as WorkerScope;

let codec: Codec | undefined;

async function decode({ name, source, maxPixels }: ImageFile): Promise<DecodedImage> {
  const file = typeof source === 'string' ? await (await fetch(source)).blob() : source;
  return decodeWith(codec!, await readBlob(file, name), name, { maxPixels });
}

const post = (reply: FromWorker<JobReply>, transfer: ArrayBuffer[] = []): void => scope.postMessage(reply, transfer);

scope.onmessage = ({ data }) => {
  if ('kind' in data) return void serve(data, decode, post);
  // The first message holds the URLs of the codecs, as the page's build has placed them.
  codec = wasmCodec((format) => compileCodec(data[format]));
  post('ready');
};
