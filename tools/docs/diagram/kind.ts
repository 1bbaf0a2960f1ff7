/** Kind of a layer, which determines its colour, and its text, e.g. "conv 3x3, 64, /2". */
import { descriptionOf, type LayerDescription, type LayerKind, type NetNode } from '@cnnzoo/core/internal';

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

const extent = (pair: readonly number[] | undefined): string => (pair ?? []).join('x');

/** Writes a stride; '' for stride 1. */
function strideOf({ window }: LayerDescription): string {
  const [rows, columns] = window?.stride ?? [1, 1];
  if (rows === columns) return rows === 1 ? '' : `, /${rows}`;
  return `, /${rows}x${columns}`;
}

const dilationOf = ({ window }: LayerDescription): string => {
  const dilation = window?.dilation ?? [1, 1];
  return dilation.every((pixels) => pixels === 1) ? '' : `, dilation ${[...new Set(dilation)].join('x')}`;
};

const groupsOf = ({ groups }: Config): string => (typeof groups === 'number' && groups > 1 ? `, ${groups} groups` : '');

const ACTIVATIONS: Readonly<Record<string, string>> = { relu: 'ReLU', sigmoid: 'sigmoid', softmax: 'softmax' };

interface Facts {
  readonly description: LayerDescription;
  readonly config: Config;
  /** Channels of the output, or features. */
  readonly channels: number | null;
}

const windowText = (noun: string) => (facts: Facts) =>
  `${noun} ${extent(facts.description.window?.size)}${strideOf(facts.description)}`;

/** Colour and text of each kind of layer. Other kinds are drawn with their class. */
const DRAWN: Readonly<Partial<Record<LayerKind, readonly [Kind, (facts: Facts) => string]>>> = {
  input: ['input', () => 'image'],
  conv: [
    'conv',
    ({ description, config, channels }) =>
      `conv ${extent(description.window?.size)}, ${channels}${strideOf(description)}${dilationOf(description)}${groupsOf(config)}`,
  ],
  linear: ['linear', ({ channels }) => `linear, ${channels}`],
  'batch-norm': ['norm', () => 'BatchNorm'],
  'group-norm': ['norm', ({ config }) => `GroupNorm, ${config.groups} groups`],
  'local-response-norm': ['norm', () => 'local response norm'],
  activation: ['activation', ({ description: { type } }) => ACTIVATIONS[type] ?? type],
  'global-avg-pool': ['pool', () => 'global average pool'],
  'adaptive-avg-pool': ['pool', ({ description }) => `adaptive average pool to ${extent(description.size)}`],
  'max-pool': ['pool', windowText('max pool')],
  'avg-pool': ['pool', windowText('average pool')],
  dropout: ['dropout', ({ config: { rate } }) => `dropout${rate === undefined ? '' : ` ${rate}`}`],
  permute: ['reshape', () => 'flatten'],
  reshape: ['reshape', () => 'flatten'],
  flatten: ['reshape', () => 'flatten'],
  'pad-channels': [
    'reshape',
    ({ config: { channels, before } }) => `zeros ${before ? 'on both sides' : 'after'}, to ${channels} channels`,
  ],
  add: ['join', () => 'add'],
  concat: ['join', () => 'concatenate'],
};

/** Describes a layer of a net as a reader sees it. */
export function describe({ layer, shape }: NetNode): Described {
  const description = descriptionOf(layer);
  const drawn = DRAWN[description.kind];
  if (!drawn) return { kind: 'reshape', text: description.type };
  const [kind, text] = drawn;
  return { kind, text: text({ description, config: layer.getConfig() as Config, channels: shape.at(-1) ?? null }) };
}
