import type { FromWorker, WasmFormat } from './contract.js';

// Apart from contract.ts, to which published declarations lead: a user's program may lack both sharp and WebAssembly's types.

/** Loads a decoder's WebAssembly. */
export type LoadWasm = (format: WasmFormat) => Promise<WebAssembly.Module>;

/** Main function of the package sharp. */
export type Sharp = typeof import('sharp').default;

/** Message of a page's worker that asks the page for a decoder. */
export interface Wanted {
  readonly wanted: WasmFormat;
}

/** Messages of a page's worker. */
export type FromPageWorker<Reply> = FromWorker<Reply> | Wanted;

/** Messages to a page's worker: a job, or the decoder that it asked for. */
export type ToPageWorker<Job> =
  | Job
  | (Wanted & { readonly module: WebAssembly.Module })
  | (Wanted & { readonly failure: string });
