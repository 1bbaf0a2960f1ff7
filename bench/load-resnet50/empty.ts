/** Nothing but TensorFlow.js with its wasm backend started: what memory is counted above. */
import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { report } from '../harness/report.js';

await report(async () => {
  await tf.setBackend('wasm');
  await tf.ready();
});
