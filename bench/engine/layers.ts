/** Runs the net argv[2] as it is, a tf.LayersModel on the kernels. */
import { useBackend } from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import { getModel } from 'cnnzoo';
import { measureInference, values } from '../deploy/measure.js';

await measureInference(async () => {
  await useBackend('wasm');
  const net = getModel(process.argv[2]!)({ inputShape: [224, 224, 3] });
  return async (images) => {
    const batch = tf.tensor4d(values.subarray(0, images * 224 * 224 * 3), [images, 224, 224, 3]);
    const logits = net.predict(batch) as tf.Tensor;
    const { length } = await logits.data();
    tf.dispose([batch, logits]);
    return length;
  };
});
