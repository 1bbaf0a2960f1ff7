/** Returns true in workerd, the runtime of Cloudflare Workers. It is no page, and compiles no WebAssembly from bytes. */
export const isWorkerd = (): boolean => globalThis.navigator?.userAgent === 'Cloudflare-Workers';

/** Returns advice for a decoder that can't start. */
export const wasmAdvice = (): string =>
  isWorkerd()
    ? "Cloudflare Workers compile no WebAssembly at run time: give a PNG, or an image's pixels as { data, width, height }."
    : "Does the page allow WebAssembly (script-src 'wasm-unsafe-eval')?";
