import type { Shape } from '@tensorflow/tfjs-layers';
import * as v from 'valibot';

// Schemas of the layers in a saved net's description. A field that is missing, unknown or of another type would build
// a net that differs from the saved one, or none.

/** Largest kernel size, stride or padding: more than any net has, and too small to exhaust memory. */
const MAX_WINDOW = 2 ** 12;
const MAX_COUNT = 2 ** 31;

const flag = v.boolean();
const real = v.pipe(v.number(), v.finite());
const positive = v.pipe(real, v.minValue(0));
const integer = v.pipe(v.number(), v.safeInteger());
const count = v.pipe(integer, v.minValue(1), v.maxValue(MAX_COUNT));
const window = v.pipe(integer, v.minValue(1), v.maxValue(MAX_WINDOW));
const padding = v.pipe(integer, v.minValue(0), v.maxValue(MAX_WINDOW));
/** Axis of a tensor, of which tfjs has six at most; negative: from the end. tfjs would loop up to any number. */
const axis = v.pipe(integer, v.minValue(-6), v.maxValue(6));
const pair = <T extends v.GenericSchema>(each: T) => v.strictTuple([each, each]);

/** Path of a layer. Names such as `constructor`, which every object has, are refused: tfjs would find a layer. */
export const layerName = v.pipe(
  v.string(),
  v.minLength(1),
  v.check((name) => !(name in Object.prototype), 'expected a name that no object has by itself'),
);

/** Extents of an image, or of a batch: then the first is the number of images. */
const extents = v.pipe(v.array(v.nullable(count)), v.minLength(2), v.maxLength(6));

const initial = v.picklist([
  'torch_default',
  'kaiming_normal_fan_out',
  'xavier_uniform',
  'normal_0.01',
  'zeros',
  'ones',
]);
const pool = { kernelSize: window, stride: window, padding, ceilMode: flag };

const OWN: Readonly<Record<string, v.ObjectEntries>> = {
  Activation: { activation: v.picklist(['relu', 'sigmoid']) },
  Add: {},
  AdaptiveAvgPool2d: { outputSize: window },
  AvgPool2d: { ...pool, countIncludePad: flag },
  BatchNorm: {
    eps: positive,
    momentum: v.pipe(positive, v.maxValue(1)),
    initial: v.picklist(['ones', 'zeros']),
  },
  Conv2d: {
    filters: count,
    kernelSize: pair(window),
    stride: pair(window),
    padding: pair(padding),
    // Absent: 1.
    dilation: v.optional(pair(window)),
    groups: count,
    bias: flag,
    initial,
    biasInitial: initial,
  },
  Dropout: { rate: v.pipe(positive, v.ltValue(1)) },
  GroupNorm: { groups: count, eps: positive, initial: v.picklist(['ones', 'zeros']) },
  // Absent: true.
  Linear: { units: count, bias: v.optional(flag), initial, biasInitial: initial },
  LocalResponseNorm: { size: count, alpha: real, beta: real, k: real },
  MaxPool2d: pool,
  PadChannels: { channels: count, before: v.optional(v.pipe(integer, v.minValue(0))) },
};

/** Fields of tfjs' initializers, regularizers and constraints. A wrong value can make tfjs draw without end. */
const PART_FIELDS: v.ObjectEntries = {
  scale: v.pipe(real, v.gtValue(0)),
  mode: v.picklist(['fanIn', 'fanOut', 'fanAvg']),
  distribution: v.picklist(['normal', 'uniform', 'truncatedNormal']),
  seed: v.nullable(integer),
  mean: real,
  stddev: positive,
  minval: real,
  maxval: real,
  value: real,
  gain: real,
  l1: real,
  l2: real,
  minValue: real,
  maxValue: real,
  rate: real,
  axis,
};

/** Initializer, regularizer or constraint of a layer of tfjs. */
const part = v.strictObject({
  className: v.pipe(v.string(), v.regex(/^[A-Z]\w*$/)),
  config: v.strictObject(
    Object.fromEntries(
      Object.entries(PART_FIELDS).map(([name, field]) => [name, v.optional(field as v.GenericSchema)]),
    ),
  ),
});
const fraction = v.pipe(positive, v.maxValue(1));
const windows = v.union([window, v.pipe(v.array(window), v.maxLength(3))]);

/** Fields of tfjs' layers by name; each layer has some of them. */
const STOCK_FIELDS: v.ObjectEntries = {
  batchInputShape: extents,
  dtype: v.picklist(['float32', 'int32', 'bool']),
  sparse: v.literal(false),
  units: count,
  filters: count,
  kernelSize: windows,
  strides: windows,
  poolSize: windows,
  dilationRate: windows,
  size: windows,
  padding: v.union([v.picklist(['valid', 'same', 'causal']), pair(pair(padding)), padding]),
  cropping: v.union([pair(pair(padding)), padding]),
  dataFormat: v.picklist(['channelsFirst', 'channelsLast']),
  interpolation: v.picklist(['nearest', 'bilinear']),
  activation: v.pipe(v.string(), v.regex(/^[a-z]\w*$/i)),
  useBias: flag,
  center: flag,
  scale: v.union([flag, real]),
  offset: real,
  axis: v.union([axis, v.pipe(v.array(axis), v.maxLength(4))]),
  momentum: fraction,
  epsilon: positive,
  rate: fraction,
  stddev: positive,
  noiseShape: v.nullable(v.array(v.nullable(count))),
  seed: v.nullable(integer),
  targetShape: v.pipe(v.array(v.nullable(integer)), v.maxLength(6)),
  dims: v.pipe(v.array(v.pipe(axis, v.minValue(1))), v.maxLength(6)),
  n: window,
  alpha: real,
  theta: real,
  maxValue: v.nullable(real),
  maskValue: v.nullable(real),
  normalize: flag,
  height: window,
  width: window,
  cropToAspectRatio: flag,
};

const isPart = (name: string): boolean => /(Initializer|Regularizer|Constraint)$/.test(name);

/** Layers of tfjs that have no weights, or the weights of a PyTorch layer. */
export const STOCK_LAYERS: ReadonlySet<string> = new Set([
  ...['InputLayer', 'Conv2D', 'Dense', 'BatchNormalization'],
  ...['ReLU', 'LeakyReLU', 'ELU', 'ThresholdedReLU', 'Softmax', 'Activation'],
  ...['Cropping2D', 'UpSampling2D', 'ZeroPadding2D', 'Flatten', 'RepeatVector', 'Reshape', 'Permute', 'Masking'],
  ...['Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
  ...['Add', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate', 'Dot'],
  ...['MaxPooling1D', 'AveragePooling1D', 'MaxPooling2D', 'AveragePooling2D', 'MaxPooling3D', 'AveragePooling3D'],
  ...['GlobalAveragePooling1D', 'GlobalMaxPooling1D', 'GlobalAveragePooling2D', 'GlobalMaxPooling2D'],
  ...['Rescaling', 'CenterCrop', 'Resizing'],
]);

/** Layers of tfjs that are refused: their weights have no state_dict keys, they hold layers, or they draw at random. */
export const REFUSED_LAYERS: ReadonlySet<string> = new Set([
  ...['Conv1D', 'Conv3D', 'Conv2DTranspose', 'Conv3DTranspose', 'SeparableConv2D', 'DepthwiseConv2D', 'PReLU'],
  ...['RNN', 'SimpleRNNCell', 'SimpleRNN', 'GRUCell', 'GRU', 'LSTMCell', 'LSTM', 'StackedRNNCells'],
  ...['ConvLSTM2DCell', 'ConvLSTM2D', 'Embedding', 'LayerNormalization', 'TimeDistributed', 'Bidirectional'],
  ...['CategoryEncoding', 'RandomWidth'],
]);

/** Class names of nets, which may be layers of another net. */
export const NETS: ReadonlySet<string> = new Set(['Model', 'Functional', 'Sequential']);

const OWN_PREFIX = 'cnnzoo.';

/** Returns the schema of a layer's description; undefined if the class is neither ours nor tfjs'. */
export function layerConfigOf(className: string, config: object): v.GenericSchema | undefined {
  const own = className.startsWith(OWN_PREFIX) ? className.slice(OWN_PREFIX.length) : undefined;
  if (own !== undefined && Object.hasOwn(OWN, own)) return schemaOf({ name: layerName, trainable: flag, ...OWN[own] });
  if (!STOCK_LAYERS.has(className)) return undefined;
  const entries: v.ObjectEntries = {};
  for (const field of Object.keys(config)) {
    if (isPart(field)) entries[field] = v.nullable(part);
    else if (Object.hasOwn(STOCK_FIELDS, field)) entries[field] = STOCK_FIELDS[field]!;
  }
  return schemaOf({ ...entries, name: layerName, ...(className !== 'InputLayer' && { trainable: flag }) });
}

const schemaOf = (entries: v.ObjectEntries): v.GenericSchema => v.strictObject(entries) as v.GenericSchema;

interface WeightArgs {
  readonly filters?: number;
  readonly units?: number;
  readonly kernelSize?: readonly [number, number];
  readonly groups?: number;
  readonly bias?: boolean;
  readonly useBias?: boolean;
  readonly center?: boolean;
  readonly scale?: boolean;
  readonly axis?: number;
  readonly dataFormat?: string;
}

type Weights = Readonly<Record<string, readonly (number | null)[]>>;

const norm = (channels: number | null, scale = true, center = true): Weights => ({
  ...(scale && { weight: [channels] }),
  ...(center && { bias: [channels] }),
  running_mean: [channels],
  running_var: [channels],
});

const convolution = (channels: number | null, args: WeightArgs, bias = false): Weights => {
  const { filters = 0, kernelSize = [0, 0], groups = 1 } = args;
  return {
    weight: [filters, channels === null ? null : channels / groups, ...kernelSize],
    ...(bias && { bias: [filters] }),
  };
};

const matrix = (features: number | null, units = 0, bias = true): Weights => ({
  weight: [units, features],
  ...(bias && { bias: [units] }),
});

/**
 * Returns the shapes of a layer's weights in PyTorch's layout, by state_dict name. The layer need not be built.
 *
 * @param config description of the layer, already checked.
 * @param input shape of the layer's input.
 */
export function weightShapesOf(className: string, config: object, input: Shape): Weights {
  const args = config as WeightArgs;
  const last = input.at(-1) ?? null;
  switch (className) {
    case 'cnnzoo.Conv2d':
      return convolution(last, args, args.bias);
    case 'cnnzoo.Linear':
      return matrix(last, args.units, args.bias);
    case 'cnnzoo.BatchNorm':
      return norm(last);
    case 'cnnzoo.GroupNorm':
      return { weight: [last], bias: [last] };
    case 'Conv2D':
      return convolution(args.dataFormat === 'channelsFirst' ? (input[1] ?? null) : last, args, args.useBias);
    case 'Dense':
      return matrix(last, args.units, args.useBias);
    case 'BatchNormalization':
      return norm(input.at(args.axis ?? -1) ?? null, args.scale, args.center);
    default:
      return {};
  }
}
