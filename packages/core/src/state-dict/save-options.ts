/** Options of saving weights. */
export interface SaveOptions {
  /**
   * Type that the weights are stored in; once they are loaded they are float32 again. 'float16' halves the file and rounds them
   * to 11 bits. 'int8' quarters it: kernels and matrices are rounded to 255 levels per output channel, the rest stays float32.
   * Default: 'float32'.
   */
  dtype?: 'float32' | 'float16' | 'int8' | undefined;
}

/** Options of `saveStateDict`. */
export interface SaveStateDictOptions extends SaveOptions {
  /** Texts for the file's `__metadata__`. Default: none. */
  metadata?: Readonly<Record<string, string>> | undefined;
}
