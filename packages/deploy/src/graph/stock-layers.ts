import { type Layer, type Reader, requireWeight, unsupported, weightOf } from './builder.js';
import type { BinaryNode, Extent, GraphActivation, GraphValue, Padding } from './graph.js';
import { computed, given } from './weights.js';

/* Layers of tf.layers. */

type Pair = readonly [number, number];

/** Activations of tf.layers by their names; undefined: none. */
const ACTIVATIONS: Readonly<Record<string, GraphActivation | undefined>> = {
  elu: { kind: 'elu' },
  hardSigmoid: { kind: 'hard-sigmoid' },
  linear: undefined,
  mish: { kind: 'mish' },
  relu: { kind: 'relu' },
  relu6: { kind: 'clip', min: 0, max: 6 },
  selu: { kind: 'selu' },
  sigmoid: { kind: 'sigmoid' },
  softmax: { kind: 'softmax' },
  softplus: { kind: 'softplus' },
  softsign: { kind: 'softsign' },
  swish: { kind: 'swish' },
  tanh: { kind: 'tanh' },
};

const addActivation = ({ builder, node }: Layer, value: GraphValue, activation: GraphActivation | undefined) =>
  activation
    ? builder.add(`${node.path}.${activation.kind}`, [value], value.shape, { op: 'activation', activation })
    : value;

/** Adds the activation that a layer's options name. */
function withActivation(layer: Layer, value: GraphValue): GraphValue {
  const name = layer.config.activation as string;
  if (!Object.hasOwn(ACTIVATIONS, name)) throw unsupported(layer, `has the activation '${name}', which no graph has`);
  return addActivation(layer, value, ACTIVATIONS[name]);
}

/** Refuses maps whose channels come first. */
function requireChannelsLast(layer: Layer): void {
  if (layer.config.dataFormat === 'channelsFirst')
    throw unsupported(layer, "has the dataFormat 'channelsFirst', where a graph has channels last");
}

const pairOf = (value: unknown): Pair =>
  Array.isArray(value) ? (value as unknown as Pair) : [Number(value), Number(value)];

/** Padding of an axis: TensorFlow's 'same' puts the odd pixel after the input. */
function paddingOf(layer: Layer, axis: 0 | 1, kernel: number, stride: number): Pair {
  const mode = layer.config.padding;
  if (mode === 'valid') return [0, 0];
  const size: Extent | undefined = layer.inputs[0]!.shape[axis + 1];
  if (mode !== 'same') throw unsupported(layer, `has the padding '${mode}', where a graph has 'same' and 'valid'`);
  if (typeof size !== 'number' && stride !== 1)
    throw unsupported(
      layer,
      "has the padding 'same' and a stride, so that its padding depends on the size of the image: give the net an " +
        'inputShape with a fixed height and width',
    );
  if (stride !== 1) layer.builder.anySize = false;
  const total =
    typeof size === 'number' ? Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0) : kernel - 1;
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

interface ConvGeometry {
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly padding: Padding;
}

function geometryOf(layer: Layer): ConvGeometry {
  requireChannelsLast(layer);
  const { kernelSize, strides, dilationRate } = layer.config;
  const [kernel, stride, dilation] = [pairOf(kernelSize), pairOf(strides), pairOf(dilationRate ?? 1)];
  const padding = ([0, 1] as const).map((axis) =>
    paddingOf(layer, axis, dilation[axis] * (kernel[axis] - 1) + 1, stride[axis]),
  ) as unknown as Padding;
  return { stride, dilation, padding };
}

function readDepthwise(layer: Layer, channels: number): GraphValue {
  const { node, inputs, builder, config } = layer;
  const kernel = requireWeight(layer, 'depthwise_kernel');
  const [h, w, c, multiplier] = kernel.shape as [number, number, number, number];
  // Filter c * multiplier + m reads channel c: the same values in the same order.
  const weight = computed(kernel.name, [h, w, 1, c * multiplier], () => kernel.read());
  const isSeparable = config.pointwiseInitializer !== undefined;
  return builder.add(
    isSeparable ? `${node.path}.depthwise` : node.path,
    inputs,
    [...node.shape.slice(0, 3), c * multiplier],
    {
      op: 'conv',
      weight,
      bias: isSeparable ? undefined : weightOf(layer, 'bias'),
      ...geometryOf(layer),
      groups: channels,
      relu: false,
    },
  );
}

const UNIT: ConvGeometry = {
  stride: [1, 1],
  dilation: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
};

/** Adds a linear layer over the channels of a map, which is a convolution of one pixel. */
function addPointwise(layer: Layer, x: GraphValue, kernel: string): GraphValue {
  const { node, builder } = layer;
  const weight = requireWeight(layer, kernel, kernel === 'kernel' ? 'weight' : kernel);
  const [units, channels] = [weight.shape.at(-1)!, weight.shape.at(-2)!];
  return builder.add(node.path, [x], node.shape, {
    op: 'conv',
    weight: computed(weight.name, [1, 1, channels, units], () => weight.read()),
    bias: weightOf(layer, 'bias'),
    ...UNIT,
    groups: 1,
    relu: false,
  });
}

const readPool =
  (operator: 'max' | 'avg'): Reader =>
  (layer) => {
    const { node, inputs, builder, config } = layer;
    requireChannelsLast(layer);
    const [size, stride] = [pairOf(config.poolSize), pairOf(config.strides)];
    const padding = ([0, 1] as const).map((axis) =>
      paddingOf(layer, axis, size[axis], stride[axis]),
    ) as unknown as Padding;
    const counted: Padding = [
      [0, 0],
      [0, 0],
    ];
    return builder.add(node.path, inputs, node.shape, {
      op: 'pool',
      operator,
      size,
      stride,
      padding,
      ceilMode: false,
      counted,
    });
  };

const readGlobalPool =
  (operator: 'max' | 'avg'): Reader =>
  (layer) => {
    requireChannelsLast(layer);
    const { node, inputs, builder } = layer;
    return builder.add(node.path, inputs, node.shape, { op: 'global-pool', operator });
  };

/** Reads a layer that combines two values or more, one after the other. */
const readMerge =
  (operator: BinaryNode['operator']): Reader =>
  ({ node, inputs, builder }) => {
    const [first, ...rest] = inputs as [GraphValue, ...GraphValue[]];
    if (inputs.some(({ shape }) => shape.length !== node.shape.length))
      throw unsupported({ node, inputs, builder, config: {} }, 'combines values of different numbers of axes');
    return rest.reduce(
      (sum, next) => builder.add(node.path, [sum, next], node.shape, { op: 'binary', operator, relu: false }),
      first,
    );
  };

/** Adds the same factor and term for all channels. */
function addScale({ node, builder }: Layer, x: GraphValue, scale: number, shift: number): GraphValue {
  const channels = x.shape.at(-1)!;
  const all = (name: string, value: number) => given(`${node.path}.${name}`, new Array<number>(channels).fill(value));
  return builder.add(node.path, [x], x.shape, {
    op: 'scale',
    scale: all('scale', scale),
    shift: all('shift', shift),
    relu: false,
  });
}

const readReshape: Reader = (layer) => {
  const { node, inputs, builder } = layer;
  if ([node.shape, inputs[0]!.shape].some((shape) => shape.slice(1).includes(null)))
    throw unsupported(
      layer,
      'reshapes maps without a fixed size: give the net an inputShape with a fixed height and width',
    );
  if (inputs[0]!.shape.length > 2) builder.anySize = false;
  return builder.add(node.path, inputs, node.shape, { op: 'reshape' });
};

const same: Reader = ({ inputs }) => inputs[0]!;

/** Readers of the layers of tf.layers, by their class names. */
export const STOCK_LAYERS: Readonly<Record<string, Reader>> = {
  Activation: (layer) => withActivation(layer, layer.inputs[0]!),
  Add: readMerge('add'),
  AlphaDropout: same,
  Average: (layer) => addScale(layer, readMerge('add')(layer), 1 / layer.inputs.length, 0),
  AveragePooling2D: readPool('avg'),
  BatchNormalization(layer) {
    const { node, inputs, builder, config } = layer;
    const axis = config.axis as number;
    if (axis !== -1 && axis !== node.shape.length - 1)
      throw unsupported(layer, `normalizes axis ${axis}, where a graph normalizes the channels, the last axis`);
    return builder.addNorm(node.path, inputs, {
      channels: node.shape.at(-1)!,
      eps: config.epsilon as number,
      weight: weightOf(layer, 'gamma', 'weight'),
      bias: weightOf(layer, 'beta', 'bias'),
      mean: requireWeight(layer, 'moving_mean', 'running_mean'),
      variance: requireWeight(layer, 'moving_variance', 'running_var'),
    });
  },
  Concatenate({ node, inputs, builder, config }) {
    const axis = config.axis as number;
    const rank = node.shape.length;
    return builder.add(node.path, inputs, node.shape, { op: 'concat', axis: axis < 0 ? axis + rank : axis });
  },
  Conv2D(layer) {
    const { node, inputs, builder } = layer;
    const y = builder.add(node.path, inputs, node.shape, {
      op: 'conv',
      weight: requireWeight(layer, 'kernel', 'weight'),
      bias: weightOf(layer, 'bias'),
      ...geometryOf(layer),
      groups: 1,
      relu: false,
    });
    return withActivation(layer, y);
  },
  Dense(layer) {
    const { node, inputs, builder } = layer;
    const [x] = inputs as [GraphValue];
    if (x.shape.length === 4) return withActivation(layer, addPointwise(layer, x, 'kernel'));
    if (x.shape.length !== 2)
      throw unsupported(layer, `is applied to [${x.shape}], where a graph has features or maps`);
    const y = builder.add(node.path, inputs, node.shape, {
      op: 'linear',
      weight: requireWeight(layer, 'kernel', 'weight'),
      bias: weightOf(layer, 'bias'),
      relu: false,
    });
    return withActivation(layer, y);
  },
  DepthwiseConv2D: (layer) => withActivation(layer, readDepthwise(layer, layer.inputs[0]!.shape.at(-1)!)),
  Dropout: same,
  // tfjs has no other alpha than 1.
  ELU: (layer) => addActivation(layer, layer.inputs[0]!, { kind: 'elu' }),
  Flatten(layer) {
    requireChannelsLast(layer);
    return readReshape(layer);
  },
  GaussianDropout: same,
  GaussianNoise: same,
  GlobalAveragePooling2D: readGlobalPool('avg'),
  GlobalMaxPooling2D: readGlobalPool('max'),
  LeakyReLU: (layer) =>
    addActivation(layer, layer.inputs[0]!, { kind: 'leaky-relu', alpha: layer.config.alpha as number }),
  Maximum: readMerge('max'),
  MaxPooling2D: readPool('max'),
  Minimum: readMerge('min'),
  Multiply: readMerge('mul'),
  Permute({ node, inputs, builder, config }) {
    // Later layers may have weights for rows or columns.
    builder.anySize = false;
    return builder.add(node.path, inputs, node.shape, { op: 'transpose', order: [0, ...(config.dims as number[])] });
  },
  ReLU(layer) {
    const max = layer.config.maxValue as number | null | undefined;
    return addActivation(layer, layer.inputs[0]!, max == null ? { kind: 'relu' } : { kind: 'clip', min: 0, max });
  },
  Rescaling: (layer) => addScale(layer, layer.inputs[0]!, Number(layer.config.scale), Number(layer.config.offset ?? 0)),
  Reshape: readReshape,
  SeparableConv2D(layer) {
    const x = readDepthwise(layer, layer.inputs[0]!.shape.at(-1)!);
    return withActivation(layer, addPointwise(layer, x, 'pointwise_kernel'));
  },
  Softmax(layer) {
    const axis = layer.config.axis as number | null | undefined;
    if (axis != null && axis !== -1 && axis !== layer.node.shape.length - 1)
      throw unsupported(layer, `computes a softmax over axis ${axis}, where a graph has that of the last`);
    return addActivation(layer, layer.inputs[0]!, { kind: 'softmax' });
  },
  SpatialDropout1D: same,
  UpSampling2D(layer) {
    const { node, inputs, builder, config } = layer;
    requireChannelsLast(layer);
    builder.anySize = false;
    const interpolation = (config.interpolation ?? 'nearest') as 'nearest' | 'bilinear';
    return builder.add(node.path, inputs, node.shape, { op: 'upsample', size: pairOf(config.size), interpolation });
  },
  ZeroPadding2D(layer) {
    const { node, inputs, builder, config } = layer;
    requireChannelsLast(layer);
    return builder.add(node.path, inputs, node.shape, {
      op: 'pad',
      padding: [...(config.padding as Pair[]), [0, 0]],
    });
  },
};
