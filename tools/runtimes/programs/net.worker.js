// The file of a worker of its own: serves the net that reads digits, in a page or in a worker thread.
import { useBackend } from '@cnnzoo/core';
import { serveClassifier } from '@cnnzoo/core/worker';
import { lenet5_relu } from '@cnnzoo/lenet';

serveClassifier(async (options) => {
  await useBackend('wasm');
  return lenet5_relu.pretrained(options);
});
