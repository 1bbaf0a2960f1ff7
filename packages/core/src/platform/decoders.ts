import type { WasmFormat } from './contract.js';

// Apart from contract.ts, to which published declarations lead: a user's program may lack both sharp and WebAssembly's types.

/** Loads a decoder's WebAssembly. */
export type LoadWasm = (format: WasmFormat) => Promise<WebAssembly.Module>;

/** Main function of the package sharp. */
export type Sharp = typeof import('sharp').default;
