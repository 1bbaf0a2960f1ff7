import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.js';

/** max(x, 0). With a kernel its gradient is one pass, by the result: x need not be kept. */
export function relu(x: tf.Tensor): tf.Tensor {
  if (!hasKernel('CnnzooReluGrad')) return tf.relu(x);
  const op = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [input, save] = args as [tf.Tensor, tf.GradSaveFunc];
    const value = tf.relu(input);
    save([value]);
    return { value, gradFunc: (dy: tf.Tensor, [y]: tf.Tensor[]) => runKernel('CnnzooReluGrad', { dy, y: y! }, {}) };
  });
  return op(x);
}
