import { breathing, scopePort } from '../common.js';
import type { FromWorker, LoadWasm, Sharp, WasmFormat, WorkerEvents, WorkerPort, WorkerThread } from '../contract.js';

/** URL of each decoder's WebAssembly. */
export type CodecUrls = Readonly<Record<WasmFormat, string>>;

/** Fetches and compiles a decoder, in a page or in a worker. */
export async function compileCodec(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`expected ${url}, received HTTP ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** URLs of the copies in dist/wasm, each written out: bundlers only emit files that they find in this form. */
const urlOf = {
  JPEG: () => new URL('./wasm/jpeg-turbo.wasm', import.meta.url),
  WebP: () => new URL('./wasm/webp_dec.wasm', import.meta.url),
};

const codecUrls = (): CodecUrls => ({ JPEG: urlOf.JPEG().href, WebP: urlOf.WebP().href });

export const loadCodecWasm: LoadWasm = (format) => compileCodec(urlOf[format]().href);

/**
 * Resolves to null, since a page has no sharp. The browser's own decoders can't replace it: they apply colour profiles
 * and premultiply alpha.
 */
export const findSharp = async (): Promise<Sharp | null> => null;

/** Returns the number of threads that this machine runs at once. */
export const processors = (): number => navigator.hardwareConcurrency;

/** Starts a worker. A page ends without waiting for it, so `hold` does nothing. */
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

/** Returns the line to the page that started this worker; undefined in a page. */
export const workerPort = (): WorkerPort | undefined => scopePort();

/** Milliseconds for which a computation may block the event loop: about a frame. */
export const LONGEST_TURN = 16;

/** Resolves after waiting input, frames, timers and messages have been handled. */
export function nextTurn(): Promise<void> {
  // setTimeout would wait 4 ms, and a second in a hidden page. scheduler.yield continues before timers.
  if (typeof MessageChannel === 'undefined') return new Promise((resolve) => void setTimeout(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      // An open port would keep Node alive when a page's build runs this code.
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

export const breathe = /* @__PURE__ */ breathing({ LONGEST_TURN, nextTurn });
