import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';

type Block = (x: SymbolicTensor) => SymbolicTensor;

const apply = (layer: layers.Layer, x: SymbolicTensor | SymbolicTensor[]) => layer.apply(x) as SymbolicTensor;
const relu: Block = (x) => apply(layers.activation({ activation: 'relu' }), x);
const pad = (size: number): Block => {
  return (x) => apply(layers.zeroPadding2d({ padding: [size, size] }), x);
};

function convBatchNorm(filters: number, kernelSize: number, strides = 1): Block {
  return (x) => {
    const padded = kernelSize > 1 ? pad(kernelSize >> 1)(x) : x;
    // Initial values that cost nothing to make: the net is there to be saved.
    const args = { filters, kernelSize, strides, useBias: false, kernelInitializer: 'ones' as const };
    return apply(layers.batchNormalization({ epsilon: 1e-5 }), apply(layers.conv2d(args), padded));
  };
}

function bottleneck(width: number, stride: number, project: boolean): Block {
  return (x) => {
    const first = relu(convBatchNorm(width, 1)(x));
    const second = relu(convBatchNorm(width, 3, stride)(first));
    const third = convBatchNorm(width * 4, 1)(second);
    const shortcut = project ? convBatchNorm(width * 4, 1, stride)(x) : x;
    return relu(apply(layers.add(), [third, shortcut]));
  };
}

/** torchvision's ResNet-50 of stock tf.layers: the same weights, the same shapes. */
export function stockResNet50(): LayersModel {
  const image = input({ shape: [224, 224, 3] });
  let x = relu(convBatchNorm(64, 7, 2)(image));
  x = apply(layers.maxPooling2d({ poolSize: 3, strides: 2 }), pad(1)(x));
  for (const [stage, blocks] of [3, 4, 6, 3].entries())
    for (let block = 0; block < blocks; block++)
      x = bottleneck(64 * 2 ** stage, stage > 0 && block === 0 ? 2 : 1, block === 0)(x);
  x = apply(layers.globalAveragePooling2d({}), x);
  x = apply(layers.dense({ units: 1000, kernelInitializer: 'zeros' }), x);
  return model({ inputs: image, outputs: x });
}
