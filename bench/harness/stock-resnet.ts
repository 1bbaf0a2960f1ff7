import type * as tfjsLayers from '@tensorflow/tfjs-layers';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** Part of tf.layers that is needed, from @tensorflow/tfjs-layers or from another copy of it. */
export type TfLayers = Pick<typeof tfjsLayers, 'input' | 'layers' | 'model'>;

export interface StockOptions {
  readonly bottleneck: boolean;
  /** Number of blocks in each of the four stages. */
  readonly depths: readonly [number, number, number, number];
  /** Initializer of the weights. 'ones' saves time for a net that will only be saved. */
  readonly initial: 'heNormal' | 'ones';
}

type Block = (x: SymbolicTensor) => SymbolicTensor;

/** Builds torchvision's ResNets from stock tf.layers, with the same weights and shapes. */
export function stockResNet(
  { input, layers, model }: TfLayers,
  { bottleneck, depths, initial }: StockOptions,
): LayersModel {
  const apply = (layer: tfjsLayers.layers.Layer, x: SymbolicTensor | SymbolicTensor[]) =>
    layer.apply(x) as SymbolicTensor;
  const relu: Block = (x) => apply(layers.activation({ activation: 'relu' }), x);
  const pad = (size: number): Block => {
    return (x) => apply(layers.zeroPadding2d({ padding: [size, size] }), x);
  };
  const convBatchNorm = (filters: number, kernelSize: number, strides = 1): Block => {
    return (x) => {
      const padded = kernelSize > 1 ? pad(kernelSize >> 1)(x) : x;
      const args = { filters, kernelSize, strides, useBias: false, kernelInitializer: initial };
      return apply(layers.batchNormalization({ epsilon: 1e-5 }), apply(layers.conv2d(args), padded));
    };
  };
  const branch = (width: number, stride: number): Block => {
    if (!bottleneck) return (x) => convBatchNorm(width, 3)(relu(convBatchNorm(width, 3, stride)(x)));
    return (x) => convBatchNorm(width * 4, 1)(relu(convBatchNorm(width, 3, stride)(relu(convBatchNorm(width, 1)(x)))));
  };
  const residual = (width: number, stride: number, project: boolean): Block => {
    const shortcut = project ? convBatchNorm(bottleneck ? width * 4 : width, 1, stride) : (x: SymbolicTensor) => x;
    return (x) => relu(apply(layers.add(), [branch(width, stride)(x), shortcut(x)]));
  };

  const image = input({ shape: [224, 224, 3] });
  let x = relu(convBatchNorm(64, 7, 2)(image));
  x = apply(layers.maxPooling2d({ poolSize: 3, strides: 2 }), pad(1)(x));
  for (const [stage, blocks] of depths.entries())
    for (let block = 0; block < blocks; block++)
      x = residual(64 * 2 ** stage, stage > 0 && block === 0 ? 2 : 1, block === 0 && (bottleneck || stage > 0))(x);
  x = apply(layers.globalAveragePooling2d({}), x);
  x = apply(layers.dense({ units: 1000, kernelInitializer: initial === 'ones' ? 'zeros' : initial }), x);
  return model({ inputs: image, outputs: x });
}

export const RESNET_18 = { bottleneck: false, depths: [2, 2, 2, 2] } as const;
export const RESNET_50 = { bottleneck: true, depths: [3, 4, 6, 3] } as const;
