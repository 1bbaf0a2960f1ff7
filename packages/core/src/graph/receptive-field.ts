import { descriptionOf, type LayerDescription, type LayerKind, type Pair } from './description.js';
import type { NetNode } from './walk.js';

/** Distance in input pixels between neighbouring values of a map, and what one of them sees; 'all': the whole image. */
export type Field = { readonly size: Pair; readonly stride: Pair } | 'all';

/** Change of the receptive field by one layer, in values of the layer's input. */
interface Step {
  readonly size: Pair;
  readonly stride: Pair;
}

const both = (of: (axis: 0 | 1) => number): Pair => [of(0), of(1)];

const isMap = ({ shape }: NetNode): boolean => shape.length === 4;

/** Kinds that compute each value from the values at its place. */
const POINTWISE: ReadonlySet<LayerKind> = new Set<LayerKind>([
  'activation',
  'add',
  'batch-norm',
  'concat',
  'cropping',
  'dropout',
  'group-norm',
  'layer-norm',
  'local-response-norm',
  'merge',
  'noise',
  'pad-channels',
  'permute',
  'rescaling',
  'zero-padding',
]);

/** Returns 'all' past layers that see the whole image; undefined for layers that leave the field as it is. */
function stepOf(node: NetNode): Step | 'all' | undefined {
  const description = descriptionOf(node.layer);
  const { kind, window, size, channelAxis } = description;
  if (POINTWISE.has(kind)) return undefined;
  const [input] = node.inputs;
  if (!input || !isMap(input) || !isMap(node)) return kind === 'unknown' ? undefined : 'all';
  if (kind === 'linear') return undefined;
  if (kind === 'adaptive-avg-pool' && size) return adaptiveStep(input.shape, size);
  if (kind === 'upsampling' && size) return upsamplingStep(node, size);
  if (window) return windowStep(description);
  const start = channelAxis === 1 ? 2 : 1;
  const keepsPlaces = [start, start + 1].every((axis) => input.shape[axis] === node.shape[axis]);
  return kind === 'unknown' && keepsPlaces ? undefined : 'all';
}

function windowStep({ kind, window }: LayerDescription): Step {
  const { size, stride, dilation } = window!;
  const extent = both((axis) => dilation[axis] * (size[axis] - 1) + 1);
  if (kind !== 'conv-transpose') return { size: extent, stride };
  return { size: both((axis) => Math.ceil(extent[axis] / stride[axis])), stride: both((axis) => 1 / stride[axis]) };
}

function upsamplingStep({ layer }: NetNode, factors: Pair): Step {
  const seen = layer.getConfig().interpolation === 'bilinear' ? 2 : 1;
  return { size: [seen, seen], stride: both((axis) => 1 / factors[axis]) };
}

/** The widest of the windows, and their distance on average; 'all' if the input has no fixed size. */
function adaptiveStep([, ...sizes]: readonly (number | null)[], outs: Pair): Step | 'all' {
  if (sizes.slice(0, 2).includes(null)) return 'all';
  const [height, width] = ([0, 1] as const).map((axis) => {
    const [size, out] = [sizes[axis]!, outs[axis]];
    const widths = Array.from(
      { length: out },
      (_, i) => Math.ceil(((i + 1) * size) / out) - Math.floor((i * size) / out),
    );
    return { size: Math.max(...widths), stride: size / out };
  }) as [{ size: number; stride: number }, { size: number; stride: number }];
  return { size: [height.size, width.size], stride: [height.stride, width.stride] };
}

function fieldOf(node: NetNode, fields: ReadonlyMap<NetNode, Field>): Field {
  const inputs = node.inputs.map((input) => fields.get(input)!);
  const [first] = inputs;
  if (!first) return { size: [1, 1], stride: [1, 1] };
  const step = stepOf(node);
  if (step === 'all' || inputs.includes('all')) return 'all';
  const known = inputs as Exclude<Field, 'all'>[];
  const size = both((axis) => Math.max(...known.map((field) => field.size[axis])));
  const stride = both((axis) => Math.max(...known.map((field) => field.stride[axis])));
  if (!step) return { size, stride };
  return {
    size: both((axis) => size[axis] + (step.size[axis] - 1) * stride[axis]),
    stride: both((axis) => stride[axis] * step.stride[axis]),
  };
}

/**
 * Computes the receptive field of every node: of all paths the widest (Araujo et al.,
 * https://distill.pub/2019/computing-receptive-fields). Statistics of a norm are not counted. A layer of an unknown class
 * counts as a function of each value if it keeps height and width, and as one of the whole image otherwise.
 *
 * @param nodes in topological order.
 */
export function fieldsOf(nodes: readonly NetNode[]): ReadonlyMap<NetNode, Field> {
  const fields = new Map<NetNode, Field>();
  for (const node of nodes) fields.set(node, fieldOf(node, fields));
  return fields;
}
