/** Program of a page's worker. The build bundles it into the text that platform/browser starts. */

import { type DecodedImage, decodeWith, wasmCodec } from '../../images/index.js';
import type { FromPageWorker, ToPageWorker, WasmFormat } from '../../platform/index.js';
import { readBlob } from '../../util/late.js';
import { type ImageFile, type ImageJob, type JobReply, serve } from './job.js';

/** Members of a worker's global scope that are used here. TypeScript's own types are those of a page. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToPageWorker<ImageJob>>) => void) | null;
  postMessage(message: FromPageWorker<JobReply>, transfer: ArrayBuffer[]): void;
}
const scope = globalThis as unknown as WorkerScope;

const post = (message: FromPageWorker<JobReply>, transfer: ArrayBuffer[] = []): void =>
  scope.postMessage(message, transfer);

/** Decoders that the page was asked for. */
const asked = new Map<WasmFormat, { resolve(module: WebAssembly.Module): void; reject(error: Error): void }>();

/** Codec with decoders of the page: a worker made of text has no files of its own. */
const codec = wasmCodec(
  (format) =>
    new Promise((resolve, reject) => {
      asked.set(format, { resolve, reject });
      post({ wanted: format });
    }),
);

async function decode({ name, source, maxPixels }: ImageFile): Promise<DecodedImage> {
  const file = typeof source === 'string' ? await (await fetch(source)).blob() : source;
  return decodeWith(codec, await readBlob(file, name), name, { maxPixels });
}

scope.onmessage = ({ data }) => {
  if ('kind' in data) return void serve(data, decode, post);
  const { resolve, reject } = asked.get(data.wanted)!;
  if ('module' in data) resolve(data.module);
  else reject(new Error(data.failure));
};
post('ready');
