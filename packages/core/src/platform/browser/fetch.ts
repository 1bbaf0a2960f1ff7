/** The page's own `fetch`; proxies are the browser's business. */
export const fetchUrl: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init);
