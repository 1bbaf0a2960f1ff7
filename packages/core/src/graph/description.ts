import type { layers } from '@tensorflow/tfjs-layers';
import type { OwnKind } from '../layers/index.js';
import { isOwn } from './order.js';

/** Kind of a layer. 'unknown': a class that is neither ours nor in the table of tfjs' layers. */
export type LayerKind =
  | OwnKind
  | 'concat'
  | 'conv-transpose'
  | 'cropping'
  | 'dot'
  | 'flatten'
  | 'global-avg-pool'
  | 'global-max-pool'
  | 'input'
  | 'layer-norm'
  | 'merge'
  | 'noise'
  | 'permute'
  | 'rescaling'
  | 'reshape'
  | 'resizing'
  | 'unknown'
  | 'upsampling'
  | 'zero-padding';

/** Pixels: rows, columns. */
export type Pair = readonly [height: number, width: number];

/** A window that moves over a map. */
export interface LayerWindow {
  readonly size: Pair;
  readonly stride: Pair;
  /** Pixels between neighbours under the window. */
  readonly dilation: Pair;
}

/** Facts about a layer, by which the graph's functions tell layers apart. */
export interface LayerDescription {
  readonly kind: LayerKind;
  /** The class, or an activation's function: 'Conv2d', 'relu'. */
  readonly type: string;
  /** true for a layer of ours: frozen, it computes as in inference. */
  readonly isOwn: boolean;
  /** Window of a convolution or pooling over maps; undefined for other layers, and for one or three dimensions. */
  readonly window: LayerWindow | undefined;
  /** Rows and columns that an 'adaptive-avg-pool' gives, or the factors of an 'upsampling'. */
  readonly size: Pair | undefined;
  /** Axis of the channels: 1 for 'channelsFirst', else -1. */
  readonly channelAxis: 1 | -1;
}

/** Layers of tfjs by their class names. Those of ours declare their `kind`. */
const STOCK: Readonly<Record<string, LayerKind>> = {
  Activation: 'activation',
  Add: 'add',
  AlphaDropout: 'dropout',
  Average: 'merge',
  AveragePooling1D: 'avg-pool',
  AveragePooling2D: 'avg-pool',
  AveragePooling3D: 'avg-pool',
  BatchNormalization: 'batch-norm',
  CenterCrop: 'cropping',
  Concatenate: 'concat',
  Conv1D: 'conv',
  Conv2D: 'conv',
  Conv2DTranspose: 'conv-transpose',
  Conv3D: 'conv',
  Conv3DTranspose: 'conv-transpose',
  Cropping2D: 'cropping',
  Dense: 'linear',
  DepthwiseConv2D: 'conv',
  Dot: 'dot',
  Dropout: 'dropout',
  ELU: 'activation',
  Flatten: 'flatten',
  GaussianDropout: 'noise',
  GaussianNoise: 'noise',
  GlobalAveragePooling1D: 'global-avg-pool',
  GlobalAveragePooling2D: 'global-avg-pool',
  GlobalMaxPooling1D: 'global-max-pool',
  GlobalMaxPooling2D: 'global-max-pool',
  InputLayer: 'input',
  LayerNormalization: 'layer-norm',
  LeakyReLU: 'activation',
  Masking: 'rescaling',
  Maximum: 'merge',
  MaxPooling1D: 'max-pool',
  MaxPooling2D: 'max-pool',
  MaxPooling3D: 'max-pool',
  Minimum: 'merge',
  Multiply: 'merge',
  Permute: 'permute',
  PReLU: 'activation',
  ReLU: 'activation',
  RepeatVector: 'reshape',
  Rescaling: 'rescaling',
  Reshape: 'reshape',
  Resizing: 'resizing',
  SeparableConv2D: 'conv',
  Softmax: 'activation',
  SpatialDropout1D: 'dropout',
  ThresholdedReLU: 'activation',
  UpSampling2D: 'upsampling',
  ZeroPadding2D: 'zero-padding',
};

const WINDOWED: ReadonlySet<LayerKind> = new Set(['conv', 'conv-transpose', 'avg-pool', 'max-pool']);

/** Returns a number as a pair; undefined for another number of dimensions. */
function pairOf(value: unknown): Pair | undefined {
  const values = Array.isArray(value) ? value : [value, value];
  return values.length === 2 && values.every((each) => typeof each === 'number')
    ? (values as [number, number])
    : undefined;
}

/** Describes a layer: ours by what its class declares, tfjs' by a table. */
export function descriptionOf(layer: layers.Layer): LayerDescription {
  const className = layer.getClassName();
  const own = isOwn(layer);
  const kind = own ? ((layer as { kind?: OwnKind }).kind ?? 'unknown') : (STOCK[className] ?? 'unknown');
  const type = own ? className.slice(className.indexOf('.') + 1) : className;
  const config = layer.getConfig();
  const size = pairOf(config.kernelSize ?? config.poolSize);
  const stride = pairOf(config.stride ?? config.strides);
  const dilation = pairOf(config.dilation ?? config.dilationRate ?? 1);
  return {
    kind,
    type: type === 'Activation' ? String(config.activation) : type,
    isOwn: own,
    window: WINDOWED.has(kind) && size && stride && dilation ? { size, stride, dilation } : undefined,
    size: pairOf(config.outputSize ?? config.size),
    channelAxis: config.dataFormat === 'channelsFirst' ? 1 : -1,
  };
}
