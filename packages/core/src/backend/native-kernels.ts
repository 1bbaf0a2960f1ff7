import type { BatchNormAttributes, KernelAttributes, KernelInputs, KernelName, KernelResult } from '@cnnzoo/kernels';
import * as tf from '@tensorflow/tfjs-core';

/** Members of tfjs-node's backend that are used here. */
interface NativeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_ATTR_FLOAT' | 'TF_ATTR_BOOL' | 'TF_FLOAT', number>>;
  executeMultipleOutputs(op: string, attrs: object[], inputs: tf.Tensor[], outputs: number): tf.Tensor[];
}

/** Kernels of the contract of @cnnzoo/kernels that TensorFlow's own operations can compute. */
type NativeKernels = {
  readonly [Name in KernelName]?: (
    inputs: KernelInputs<Name>,
    attributes: KernelAttributes<Name>,
  ) => KernelResult<Name>;
};

/** Returns x as a map, since TensorFlow normalises maps alone: [..., c] of another rank becomes [n, 1, 1, c]. */
const asMap = (x: tf.Tensor): tf.Tensor => (x.rank === 4 ? x : tf.reshape(x, [-1, 1, 1, x.shape.at(-1)!]));

/** Returns the kernels, which run on this backend. */
function kernelsOf(backend: NativeBackend): NativeKernels {
  const { binding } = backend;
  const run = (op: string, inputs: tf.Tensor[], outputs = 1, attributes: object[] = []): tf.Tensor[] => {
    const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
    return backend.executeMultipleOutputs(op, [type, ...attributes], inputs, outputs);
  };

  const normAttributes = (eps: number, isTraining: boolean): object[] => [
    { name: 'U', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: eps },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: isTraining },
  ];

  const normalize = (x: tf.Tensor, vectors: tf.Tensor[], eps: number, isTraining: boolean): tf.Tensor[] => {
    const [y, ...rest] = run('FusedBatchNormV3', [asMap(x), ...vectors], 6, normAttributes(eps, isTraining));
    return [tf.reshape(y!, x.shape), ...rest];
  };

  const fuse = (y: tf.Tensor, residual: tf.Tensor | undefined, { activation }: BatchNormAttributes): tf.Tensor => {
    const sum = residual ? tf.add(y, residual) : y;
    return activation === 'relu' ? tf.relu(sum) : sum;
  };

  return {
    CnnzooReluGrad: ({ dy, y }) => run('ReluGrad', [dy, y])[0]!,
    CnnzooBatchNorm({ x, weight, bias, residual }, attributes) {
      const none = tf.tensor1d([]);
      // The fourth and fifth output are inputs of the gradient. On a CPU they are the mean and the biased variance.
      const [y, , , mean, variance] = normalize(x, [weight, bias, none, none], attributes.eps, true);
      return [fuse(y!, residual, attributes), mean as tf.Tensor1D, variance as tf.Tensor1D];
    },
    CnnzooBatchNormGrad({ dy, x, y, weight, mean, variance }, { eps, activation, residual }) {
      const g = activation === 'relu' ? run('ReluGrad', [dy, y])[0]! : dy;
      const inputs = [asMap(g), asMap(x), weight, mean, variance, variance];
      const [dx, dWeight, dBias] = run('FusedBatchNormGradV3', inputs, 5, normAttributes(eps, true));
      const results: [tf.Tensor, tf.Tensor1D, tf.Tensor1D] = [
        tf.reshape(dx!, x.shape),
        dWeight as tf.Tensor1D,
        dBias as tf.Tensor1D,
      ];
      return residual ? [...results, tf.clone(g)] : results;
    },
    CnnzooBatchNormInference({ x, mean, variance, weight, bias, residual }, attributes) {
      const [y] = normalize(x, [weight, bias, mean, variance], attributes.eps, false);
      return fuse(y!, residual, attributes);
    },
  };
}

/**
 * Registers TensorFlow's own operations for BatchNorm and the gradient of ReLU, which tfjs-node leaves unused, under
 * the kernel names of @cnnzoo/kernels. Does nothing on a GPU, where BatchNorm keeps other statistics for its gradient.
 */
export function registerNativeKernels(): void {
  const backend = tf.backend() as unknown as NativeBackend;
  if (backend.isUsingGpuDevice || tf.getKernel('CnnzooReluGrad' satisfies KernelName, 'tensorflow')) return;
  for (const [kernelName, kernel] of Object.entries(kernelsOf(backend)))
    tf.registerKernel({
      kernelName,
      backendName: 'tensorflow',
      kernelFunc: ({ inputs, attrs }) => tf.tidy(() => kernel(inputs as never, attrs as never)),
    });
}
