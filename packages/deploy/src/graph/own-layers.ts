import { padAfter } from '@cnnzoo/core/internal';
import { type Layer, type Reader, requireWeight, unsupported, weightOf } from './builder.js';
import type { GraphValue, Padding } from './graph.js';

type Pair = readonly [number, number];

const both = ([rows, columns]: Pair): Padding => [
  [rows, rows],
  [columns, columns],
];

const addRelu = ({ node, builder }: Layer, value: GraphValue): GraphValue =>
  builder.add(`${node.path}.relu`, [value], value.shape, { op: 'activation', activation: { kind: 'relu' } });

/** Adds the ReLU of a layer of a compiled net that computes one. */
const withActivation = (layer: Layer, value: GraphValue): GraphValue =>
  layer.config.activation === 'relu' ? addRelu(layer, value) : value;

function readConv(layer: Layer): GraphValue {
  const { node, inputs, builder, config } = layer;
  const { stride, padding, dilation } = config as Record<'stride' | 'padding', Pair> & { dilation?: Pair };
  const y = builder.add(node.path, inputs, node.shape, {
    op: 'conv',
    weight: requireWeight(layer, 'weight'),
    bias: weightOf(layer, 'bias'),
    stride,
    padding: both(padding),
    dilation: dilation ?? [1, 1],
    groups: config.groups as number,
    relu: false,
  });
  return withActivation(layer, y);
}

function readLinear(layer: Layer): GraphValue {
  const { node, inputs, builder } = layer;
  if (node.shape.length !== 2)
    throw unsupported(layer, `is applied to [${inputs[0]!.shape}], which is no list of features`);
  const y = builder.add(node.path, inputs, node.shape, {
    op: 'linear',
    weight: requireWeight(layer, 'weight'),
    bias: weightOf(layer, 'bias'),
    relu: false,
  });
  return withActivation(layer, y);
}

const readAdd = ({ node, inputs, builder }: Layer): GraphValue =>
  builder.add(node.path, inputs, node.shape, { op: 'binary', operator: 'add', relu: false });

const readPool =
  (operator: 'max' | 'avg') =>
  ({ node, inputs, builder, config }: Layer): GraphValue => {
    const [x] = inputs as [GraphValue];
    const { kernelSize, stride, padding } = config as Record<'kernelSize' | 'stride' | 'padding', number>;
    const after = (axis: 1 | 2): number => {
      const [size, out] = [x.shape[axis], node.shape[axis]];
      return typeof size === 'number' ? padAfter(size, out!, { kernel: kernelSize, stride, padding }) : padding;
    };
    const counted = config.countIncludePad ? padding : 0;
    return builder.add(node.path, inputs, node.shape, {
      op: 'pool',
      operator,
      size: [kernelSize, kernelSize],
      stride: [stride, stride],
      padding: [
        [padding, after(1)],
        [padding, after(2)],
      ],
      ceilMode: config.ceilMode === true,
      counted: both([counted, counted]),
    });
  };

/** Readers of the layers of core, by their class names. */
export const OWN_LAYERS: Readonly<Record<string, Reader>> = {
  'cnnzoo.Activation': ({ node, inputs, builder, config }) =>
    builder.add(node.path, inputs, node.shape, {
      op: 'activation',
      activation: { kind: config.activation as 'relu' | 'sigmoid' },
    }),
  'cnnzoo.AdaptiveAvgPool2d'({ node, inputs, builder, config }) {
    const size = config.outputSize as number;
    const [, h, w] = inputs[0]!.shape;
    if (size !== 1) builder.anySize = false;
    if (size !== 1 && h === size && w === size) return inputs[0]!;
    return builder.add(node.path, inputs, node.shape, { op: 'adaptive-pool', size: [size, size] });
  },
  'cnnzoo.Add': readAdd,
  'cnnzoo.AvgPool2d': readPool('avg'),
  'cnnzoo.BatchNorm'(layer) {
    const { node, inputs, builder, config } = layer;
    return builder.addNorm(node.path, inputs, {
      channels: node.shape.at(-1)!,
      eps: config.eps as number,
      weight: requireWeight(layer, 'weight'),
      bias: requireWeight(layer, 'bias'),
      mean: requireWeight(layer, 'running_mean'),
      variance: requireWeight(layer, 'running_var'),
    });
  },
  'cnnzoo.Conv2d': readConv,
  'cnnzoo.Dropout': ({ inputs }) => inputs[0]!,
  'cnnzoo.FusedAdd': (layer) => addRelu(layer, readAdd(layer)),
  'cnnzoo.FusedConv2d': readConv,
  'cnnzoo.FusedLinear': readLinear,
  'cnnzoo.GroupNorm'(layer) {
    const { node, inputs, builder, config } = layer;
    return builder.add(node.path, inputs, node.shape, {
      op: 'group-norm',
      groups: config.groups as number,
      eps: config.eps as number,
      weight: requireWeight(layer, 'weight'),
      bias: requireWeight(layer, 'bias'),
    });
  },
  'cnnzoo.Linear': readLinear,
  'cnnzoo.LocalResponseNorm'({ node, inputs, builder, config }) {
    const { size, alpha, beta, k } = config as Record<'size' | 'alpha' | 'beta' | 'k', number>;
    return builder.add(node.path, inputs, node.shape, { op: 'local-response-norm', size, alpha, beta, k });
  },
  'cnnzoo.MaxPool2d': readPool('max'),
  'cnnzoo.PadChannels'({ node, inputs, builder, config }) {
    const { channels, before } = config as Record<'channels' | 'before', number>;
    const after = channels - inputs[0]!.shape.at(-1)! - before;
    const padding: Pair[] = [
      [0, 0],
      [0, 0],
      [before, after],
    ];
    return builder.add(node.path, inputs, node.shape, { op: 'pad', padding });
  },
};
