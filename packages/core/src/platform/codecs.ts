/** Formats whose decoders are WebAssembly. */
export type WasmFormat = 'JPEG' | 'WebP';

/** Finds a decoder's WebAssembly by its format: in Node a file, in a page a URL. */
export type LoadWasm = (format: WasmFormat) => Promise<WebAssembly.Module>;

/** The main function of the package sharp. */
export type Sharp = typeof import('sharp').default;
