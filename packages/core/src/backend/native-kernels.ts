import type { BatchNormAttributes, KernelAttributes, KernelInputs, KernelName, KernelResult } from '@cnnzoo/kernels';
import * as tf from '@tensorflow/tfjs-core';

/** What is used here of tfjs-node's backend. */
interface NativeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_ATTR_FLOAT' | 'TF_ATTR_BOOL' | 'TF_FLOAT', number>>;
  executeMultipleOutputs(op: string, attrs: object[], inputs: tf.Tensor[], outputs: number): tf.Tensor[];
}

/** Some of the kernels of @cnnzoo/kernels, by its contract. */
type NativeKernels = {
  readonly [Name in KernelName]?: (
    inputs: KernelInputs<Name>,
    attributes: KernelAttributes<Name>,
  ) => KernelResult<Name>;
};

/** TensorFlow normalises maps: any other [..., c] counts as [n, 1, 1, c]. */
const asMap = (x: tf.Tensor): tf.Tensor => (x.rank === 4 ? x : tf.reshape(x, [-1, 1, 1, x.shape.at(-1)!]));

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
      // Its fourth and fifth output are what its gradient takes: on a processor the mean and the biased variance.
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
 * Puts TensorFlow's own operations for BatchNorm and the gradient of ReLU, which tfjs-node leaves unused, behind the
 * names of @cnnzoo/kernels. Not on a GPU, where BatchNorm keeps other statistics for its gradient.
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
