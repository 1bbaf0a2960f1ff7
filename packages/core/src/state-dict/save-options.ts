/** Options of saving weights. */
export interface SaveOptions {
  /**
   * Type that the weights are stored in. 'float16' halves the file; they are float32 again once they are loaded, rounded to 11 bits.
   * Default: 'float32'.
   */
  dtype?: 'float32' | 'float16' | undefined;
}

/** Options of `saveStateDict`. */
export interface SaveStateDictOptions extends SaveOptions {
  /** Texts for the file's `__metadata__`. Default: none. */
  metadata?: Readonly<Record<string, string>> | undefined;
}
