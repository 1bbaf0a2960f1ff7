/** Runs the net argv[2] of stock tf.layers on tfjs' own wasm backend. */
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as tfjsLayers from '@tensorflow/tfjs-layers';
import { RESNET_18, RESNET_50, stockResNet } from '../harness/stock-resnet.js';
import { measureInference, values } from './measure.js';

const depths = { resnet18: RESNET_18, resnet50: RESNET_50 }[process.argv[2] as 'resnet18' | 'resnet50'];
await measureInference(async () => {
  await tf.setBackend('wasm');
  const net = stockResNet(tfjsLayers, { ...depths, initial: 'heNormal' });
  return async (images) => {
    const batch = tf.tensor4d(values.subarray(0, images * 224 * 224 * 3), [images, 224, 224, 3]);
    const logits = net.predict(batch) as tf.Tensor;
    const { length } = await logits.data();
    tf.dispose([batch, logits]);
    return length;
  };
});
