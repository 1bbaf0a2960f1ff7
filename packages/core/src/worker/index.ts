export { type InWorkerOptions, inWorker } from './in-worker.js';
export type { WorkerLike } from './line.js';
export { type ServeOptions, serveClassifier } from './serve.js';
export type { TransferOptions, WorkerClassifier } from './worker-classifier.js';
