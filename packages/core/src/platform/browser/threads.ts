import { breathing } from '../common.js';
import type { FromWorker, LoadWasm, Sharp, WasmFormat, WorkerEvents, WorkerThread } from '../contract.js';

/** Where each decoder's WebAssembly is. */
export type CodecUrls = Readonly<Record<WasmFormat, string>>;

/** Fetches and compiles a decoder, in a page or in a worker. */
export async function compileCodec(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`expected ${url}, received HTTP ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** The copies in dist/wasm, written out one by one: bundlers emit the files they find in this form, and only those. */
const urlOf = {
  JPEG: () => new URL('./wasm/jpeg-turbo.wasm', import.meta.url),
  WebP: () => new URL('./wasm/webp_dec.wasm', import.meta.url),
};

export const codecUrls = (): CodecUrls => ({ JPEG: urlOf.JPEG().href, WebP: urlOf.WebP().href });

export const loadCodecWasm: LoadWasm = (format) => compileCodec(urlOf[format]().href);

/** A page has no sharp. Its own decoders are no help either: they apply colour profiles and premultiply. */
export const findSharp = async (): Promise<Sharp | null> => null;

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

/** Milliseconds that a computation may keep the event loop from turning: a frame. */
export const LONGEST_TURN = 16;

/** Resolves after what waits (input, a frame, timers, messages) has had its turn. */
export function nextTurn(): Promise<void> {
  // Neither setTimeout, which waits 4 ms and in a hidden page a second, nor scheduler.yield, which goes before timers.
  if (typeof MessageChannel === 'undefined') return new Promise((resolve) => void setTimeout(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      // An open port would keep Node alive, where a page's build runs in it.
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

export const breathe = /* @__PURE__ */ breathing({ LONGEST_TURN, nextTurn });
