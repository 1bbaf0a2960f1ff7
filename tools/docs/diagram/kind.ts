/** Kind of a layer, which determines its colour, and its text, e.g. "conv 3x3, 64, /2". */
import type { layers } from '@tensorflow/tfjs-layers';

export type Kind =
  | 'input'
  | 'conv'
  | 'linear'
  | 'norm'
  | 'activation'
  | 'pool'
  | 'dropout'
  | 'reshape'
  | 'join'
  | 'group';

/** Names of the kinds, in the order of the legend. */
export const KIND_NAMES: Readonly<Record<Kind, string>> = {
  input: 'input',
  conv: 'convolution',
  linear: 'fully connected',
  norm: 'normalisation',
  activation: 'activation',
  pool: 'pooling',
  dropout: 'dropout',
  reshape: 'reshape',
  join: 'sum or concatenation',
  group: 'several layers',
};

export interface Described {
  readonly kind: Kind;
  readonly text: string;
}

type Config = Readonly<Record<string, unknown>>;

const extent = (value: unknown): string => (Array.isArray(value) ? value.join('x') : `${value}x${value}`);

/** Writes a stride; '' for stride 1. */
function strideOf(stride: unknown): string {
  const [rows, columns] = Array.isArray(stride) ? stride : [stride, stride];
  if (rows === columns) return rows === 1 || rows === undefined ? '' : `, /${rows}`;
  return `, /${rows}x${columns}`;
}

const groupsOf = ({ groups }: Config): string => (typeof groups === 'number' && groups > 1 ? `, ${groups} groups` : '');

const ACTIVATIONS: Readonly<Record<string, string>> = { relu: 'ReLU', sigmoid: 'sigmoid', softmax: 'softmax' };

/** Descriptions by class name, tried in turn. The first match describes the layer. */
const DESCRIPTIONS: readonly (readonly [RegExp, Kind, (config: Config, channels: number | null) => string])[] = [
  [/^InputLayer$/, 'input', () => 'image'],
  [/Conv/, 'conv', (c, channels) => `conv ${extent(c.kernelSize)}, ${channels}${strideOf(c.stride)}${groupsOf(c)}`],
  [/^(Linear|Dense)$/, 'linear', (_, features) => `linear, ${features}`],
  [/^BatchNorm/, 'norm', () => 'BatchNorm'],
  [/LocalResponse|LRN/i, 'norm', () => 'local response norm'],
  [/^Activation$/, 'activation', ({ activation }) => ACTIVATIONS[String(activation)] ?? String(activation)],
  [/^GlobalAverage/, 'pool', () => 'global average pool'],
  [/^Adaptive/, 'pool', ({ outputSize }) => `adaptive average pool to ${extent(outputSize)}`],
  [/^MaxPool/, 'pool', (c) => `max pool ${extent(c.kernelSize)}${strideOf(c.stride)}`],
  [/^AvgPool/, 'pool', (c) => `average pool ${extent(c.kernelSize)}${strideOf(c.stride)}`],
  [/^Dropout$/, 'dropout', ({ rate }) => `dropout${rate === undefined ? '' : ` ${rate}`}`],
  [/^(Permute|Reshape|Flatten)$/, 'reshape', () => 'flatten'],
  [
    /^PadChannels$/,
    'reshape',
    ({ channels, before }) => `zeros ${before ? 'on both sides' : 'after'}, to ${channels} channels`,
  ],
  [/^Add$/, 'join', () => 'add'],
  [/^Concatenate$/, 'join', () => 'concatenate'],
];

export function describe(layer: layers.Layer, shape: readonly (number | null)[]): Described {
  const name = layer.getClassName().replace(/^cnnzoo\./, '');
  const found = DESCRIPTIONS.find(([pattern]) => pattern.test(name));
  if (!found) return { kind: 'reshape', text: name };
  const [, kind, text] = found;
  return { kind, text: text(layer.getConfig() as Config, shape.at(-1) ?? null) };
}
