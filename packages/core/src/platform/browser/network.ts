/** Fetches by the page's own `fetch`. The browser handles proxies. */
export const fetchUrl: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init);

/** Returns the mirror that the page has set before the first download: `globalThis.CNNZOO_MIRROR = 'https://…'`. */
export const mirrorLocation = (): string | undefined =>
  (globalThis as { CNNZOO_MIRROR?: string }).CNNZOO_MIRROR || undefined;

/**
 * Returns no headers: `If-Range` would need a preflight request, which few servers answer. The headers of the resumed
 * response are compared instead.
 */
export const resumeHeaders = (_validator: string): Record<string, string> => ({});
