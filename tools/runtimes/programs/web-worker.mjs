// A Web Worker, written out as bundlers want it.
export const startWorker = () => new Worker(new URL('./net.worker.js', import.meta.url), { type: 'module' });
