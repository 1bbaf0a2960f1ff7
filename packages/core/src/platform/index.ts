// Door for types alone, which both platforms share: declarations of the published package can't name `#platform`.
export type * from './contract.js';
export type * from './decoders.js';
export type { Fetch } from './http.js';
export type * from './store.js';
