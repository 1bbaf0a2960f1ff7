/** Returns advice for a decoder that can't start. */
export const wasmAdvice = (): string =>
  "Does this Node run WebAssembly? Its option --jitless turns it off. Without it, take a PNG or an image's pixels.";
