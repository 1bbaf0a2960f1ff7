export {
  type InWorkerOptions,
  inWorker,
  type ServeOptions,
  serveClassifier,
  type TransferOptions,
  type WorkerClassifier,
  type WorkerLike,
} from './worker/index.js';
