import { preprocessingSchema } from '@cnnzoo/core/internal/page';
import * as v from 'valibot';

/** Version of the description of a graph. */
export const GRAPH_FORMAT = 1;

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const pixels = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
const positive = v.pipe(finite, v.gtValue(0));
const pair = v.strictTuple([size, size]);
const sides = v.strictTuple([pixels, pixels]);
const padding = v.strictTuple([sides, sides]);
const shape = v.pipe(v.array(v.nullable(size)), v.minLength(2));
const relu = v.boolean();

/** Entries of every node. Values and weights are named. */
const base = {
  name: v.string(),
  inputs: v.pipe(v.array(v.string()), v.minLength(1)),
  output: v.strictObject({ name: v.string(), shape }),
};
const window = { stride: pair, padding };

const activation = v.variant('kind', [
  v.strictObject({
    kind: v.picklist(['elu', 'relu', 'sigmoid', 'tanh', 'selu', 'softplus', 'softsign', 'swish', 'mish']),
  }),
  v.strictObject({ kind: v.literal('clip'), min: finite, max: finite }),
  v.strictObject({ kind: v.literal('leaky-relu'), alpha: finite }),
  v.strictObject({ kind: v.literal('hard-sigmoid') }),
  v.strictObject({ kind: v.literal('softmax') }),
]);

const node = v.variant('op', [
  v.strictObject({
    ...base,
    ...window,
    op: v.literal('conv'),
    weight: v.string(),
    bias: v.nullable(v.string()),
    dilation: pair,
    groups: size,
    relu,
  }),
  v.strictObject({ ...base, op: v.literal('linear'), weight: v.string(), bias: v.nullable(v.string()), relu }),
  v.strictObject({ ...base, op: v.literal('scale'), scale: v.string(), shift: v.string(), relu }),
  v.strictObject({ ...base, op: v.literal('binary'), operator: v.picklist(['add', 'mul', 'max', 'min']), relu }),
  v.strictObject({ ...base, op: v.literal('activation'), activation }),
  v.strictObject({
    ...base,
    ...window,
    op: v.literal('pool'),
    operator: v.picklist(['max', 'avg']),
    size: pair,
    ceilMode: v.boolean(),
    counted: padding,
  }),
  v.strictObject({ ...base, op: v.literal('adaptive-pool'), size: pair }),
  v.strictObject({ ...base, op: v.literal('global-pool'), operator: v.picklist(['max', 'avg']) }),
  v.strictObject({
    ...base,
    op: v.literal('group-norm'),
    groups: size,
    eps: finite,
    weight: v.string(),
    bias: v.string(),
  }),
  v.strictObject({
    ...base,
    op: v.literal('local-response-norm'),
    size,
    alpha: finite,
    beta: finite,
    k: finite,
  }),
  v.strictObject({ ...base, op: v.literal('concat'), axis: size }),
  v.strictObject({ ...base, op: v.literal('transpose'), order: v.array(pixels) }),
  v.strictObject({ ...base, op: v.literal('reshape') }),
  v.strictObject({ ...base, op: v.literal('flatten') }),
  v.strictObject({ ...base, op: v.literal('pad'), padding: v.array(sides) }),
  v.strictObject({
    ...base,
    op: v.literal('upsample'),
    size: pair,
    interpolation: v.picklist(['nearest', 'bilinear']),
  }),
]);

/** Schema of a graph in the metadata of its file. A field of a later version is an error, since it would be lost. */
export const descriptionSchema = v.strictObject({
  format: v.literal(GRAPH_FORMAT),
  name: v.string(),
  inputs: v.pipe(v.array(v.strictObject({ name: v.string(), shape })), v.minLength(1)),
  outputs: v.pipe(v.array(v.string()), v.minLength(1)),
  nodes: v.array(node),
  anySize: v.boolean(),
  facts: v.strictObject({
    categories: v.nullable(v.pipe(v.array(v.string()), v.minLength(1))),
    preprocessing: v.nullable(preprocessingSchema),
    activation: v.picklist(['softmax', 'sigmoid']),
  }),
  /** Scale and zero point of the values in 8 bits, by their names; null: all is float32. */
  quantization: v.nullable(
    v.array(v.strictTuple([v.string(), positive, v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(255))])),
  ),
});

export type Description = v.InferOutput<typeof descriptionSchema>;

/** A node as it is described: its values and weights are named. */
export type DescribedNode = Description['nodes'][number];
