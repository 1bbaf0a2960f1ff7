import { breathing, scopePort } from '../common.js';
import type { WasmFormat, WorkerEvents, WorkerPort, WorkerThread } from '../contract.js';
import type { FromPageWorker, Sharp, ToPageWorker, Wanted } from '../decoders.js';
import { loadCodecWasm } from '../wasm.js';

/**
 * Resolves to null, since a page has no sharp. The browser's own decoders can't replace it: they apply colour profiles
 * and premultiply alpha.
 */
export const findSharp = async (): Promise<Sharp | null> => null;

/** Returns the number of threads that this machine runs at once. */
export const processors = (): number => navigator.hardwareConcurrency;

const isWanted = (message: unknown): message is Wanted =>
  typeof message === 'object' && 'wanted' in (message as object);

/** Starts a worker. A page ends without waiting for it, so `hold` does nothing. */
export async function startImageWorker<Job, Reply>({ reply, failed }: WorkerEvents<Reply>): Promise<WorkerThread<Job>> {
  const { code } = await import('./image-worker-code.js');
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const worker = new Worker(url);
  const post = (message: ToPageWorker<Job>): void => worker.postMessage(message);
  const sendDecoder = (wanted: WasmFormat): Promise<void> =>
    loadCodecWasm(wanted).then(
      (module) => post({ wanted, module }),
      (error: Error) => post({ wanted, failure: error.message }),
    );
  worker.onmessage = ({ data }: MessageEvent<FromPageWorker<Reply>>) => {
    if (data === 'ready') URL.revokeObjectURL(url);
    if (isWanted(data)) void sendDecoder(data.wanted);
    else reply(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    worker.terminate();
    failed(event.message ?? 'the page allows no worker made of a Blob');
  };
  return { post, hold: () => undefined, stop: () => worker.terminate() };
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
