import * as tf from '@tensorflow/tfjs-core';

/** Members of tfjs' webgpu backend that are used here. */
interface WebgpuBackend extends tf.KernelBackend {
  readonly device: { readonly limits: { readonly maxStorageBuffersPerShaderStage: number } };
}

const replaced = new WeakSet<tf.KernelConfig>();

/**
 * Replaces tfjs' kernel AddN, which binds all its inputs at once: of more than a device's shaders can bind (8
 * buffers, with the result's) the sum is 0.
 */
export function repairWebgpuKernels(): void {
  const kernel = tf.getKernel(tf.AddN, 'webgpu');
  if (!kernel || replaced.has(kernel)) return;
  const repaired: tf.KernelConfig = {
    ...kernel,
    kernelFunc({ inputs, ...rest }) {
      const backend = rest.backend as WebgpuBackend;
      const add = (terms: readonly tf.TensorInfo[]) =>
        kernel.kernelFunc({ ...rest, inputs: terms as unknown as tf.NamedTensorInfoMap }) as tf.TensorInfo;
      const terms = inputs as unknown as readonly tf.TensorInfo[];
      const most = backend.device.limits.maxStorageBuffersPerShaderStage - 1;
      let sum = add(terms.slice(0, most));
      for (let at = most; at < terms.length; at += most - 1) {
        const partial = sum;
        sum = add([partial, ...terms.slice(at, at + most - 1)]);
        backend.disposeData(partial.dataId);
      }
      return sum;
    },
  };
  replaced.add(repaired);
  tf.unregisterKernel(tf.AddN, 'webgpu');
  tf.registerKernel(repaired);
}
