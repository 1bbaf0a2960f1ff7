import * as tf from '@tensorflow/tfjs-core';
import { CnnzooError } from '../util/index.js';
import type { FusedActivation } from './conv2d.js';
import { hasKernel, runKernel } from './kernel.js';
import { relu } from './relu.js';

/** x weight + bias, then an activation, in one pass: x [..., in], weight [in, out]. It has no gradient. */
export const fusedLinear = (
  x: tf.Tensor,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D | undefined,
  activation: FusedActivation,
): tf.Tensor => tf.fused.matMul({ a: x, b: weight, activation, ...(bias && { bias }) });

/** max(a + b, 0) of two maps [..., c] of one shape, in one pass on wasm. It has no gradient. For use inside a tidy. */
export function addRelu(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  // tfjs-node has this kernel too, and computes it in three passes.
  if (!hasKernel('CnnzooConv2D') || !hasKernel('CnnzooBatchNormInference')) return relu(tf.add(a, b));
  // With these statistics a normalisation returns its input, exactly.
  const channels = a.shape.at(-1)!;
  const [zeros, ones] = [tf.zeros([channels]) as tf.Tensor1D, tf.ones([channels]) as tf.Tensor1D];
  const inputs = { x: a, mean: zeros, variance: ones, weight: ones, bias: zeros, residual: b };
  return runKernel('CnnzooBatchNormInference', inputs, { eps: 0, activation: 'relu' });
}

/**
 * Refuses a fused layer inside a gradient, which would be wrong: kernels that fuse a ReLU have none.
 *
 * @throws CnnzooError TRAINING.
 */
export function refuseGradient(layer: string): void {
  if (tf.engine().state.gradientDepth === 0) return;
  throw new CnnzooError(
    'TRAINING',
    `Layer '${layer}' belongs to a compiled net, which has no gradients. Take the net that it was compiled from, or compute ` +
      'the compiled net outside of the function whose gradient is taken.',
  );
}
