/** Starts TensorFlow.js with its wasm backend and nothing else: the baseline of the memory figures. */
import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { report } from '../harness/report.js';

await report(async () => {
  await tf.setBackend('wasm');
  await tf.ready();
});
