import type {
  ActivationNode,
  AdaptivePoolNode,
  ConcatNode,
  GraphNode,
  GroupNormNode,
  LocalResponseNormNode,
  PadNode,
  PoolNode,
  TransposeNode,
  UpsampleNode,
} from '../graph/index.js';
import { type MapExtents, product } from './shapes.js';

/*
 * Operations that no kernel has, in JavaScript: they are rare in convolutional nets, or cheap. Values are row-major, without
 * gaps; sums are of float64.
 */

/** Values of a node's inputs and output, and its constants. */
export interface Operands {
  readonly inputs: readonly Float32Array[];
  readonly shapes: readonly (readonly number[])[];
  readonly shape: readonly number[];
  /** Values of the node's weights, in the order of `constantsOf`. */
  readonly constants: readonly Float32Array[];
}

const SELU = { scale: 1.0507009873554805, alpha: 1.6732632423543772 } as const;

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

type Pointwise = (x: number) => number;

function pointwise(activation: Exclude<ActivationNode['activation'], { kind: 'softmax' }>): Pointwise {
  switch (activation.kind) {
    case 'relu':
      return (x) => Math.max(x, 0);
    case 'clip':
      return (x) => Math.min(Math.max(x, activation.min), activation.max);
    case 'leaky-relu':
      return (x) => (x < 0 ? activation.alpha * x : x);
    case 'hard-sigmoid':
      return (x) => Math.max(0, Math.min(1, 0.2 * x + 0.5));
    case 'elu':
      return (x) => (x < 0 ? Math.expm1(x) : x);
    case 'selu':
      return (x) => SELU.scale * (x < 0 ? SELU.alpha * Math.expm1(x) : x);
    case 'sigmoid':
      return sigmoid;
    case 'tanh':
      return Math.tanh;
    case 'softplus':
      return softplus;
    case 'softsign':
      return (x) => x / (1 + Math.abs(x));
    case 'swish':
      return (x) => x * sigmoid(x);
    case 'mish':
      return (x) => x * Math.tanh(softplus(x));
  }
}

function softmax(x: Float32Array, channels: number): Float32Array {
  const y = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += channels) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < channels; i++) largest = Math.max(largest, x[at + i]!);
    let sum = 0;
    for (let i = 0; i < channels; i++) sum += Math.exp(x[at + i]! - largest);
    for (let i = 0; i < channels; i++) y[at + i] = Math.exp(x[at + i]! - largest) / sum;
  }
  return y;
}

function activate({ activation }: ActivationNode, { inputs: [x], shape }: Operands): Float32Array {
  if (activation.kind === 'softmax') return softmax(x!, shape.at(-1)!);
  const f = pointwise(activation);
  const y = new Float32Array(x!.length);
  for (let i = 0; i < y.length; i++) y[i] = f(x![i]!);
  return y;
}

function scale({ inputs: [x], constants: [factor, term] }: Operands): Float32Array {
  const channels = factor!.length;
  const y = new Float32Array(x!.length);
  for (let i = 0, c = 0; i < y.length; i++, c = c + 1 === channels ? 0 : c + 1) y[i] = x![i]! * factor![c]! + term![c]!;
  return y;
}

const BINARY = {
  add: (a: number, b: number) => a + b,
  mul: (a: number, b: number) => a * b,
  max: Math.max,
  min: Math.min,
} as const;

function combine(operator: keyof typeof BINARY, { inputs, shapes, shape }: Operands): Float32Array {
  const f = BINARY[operator];
  const [a, b] = inputs.map((x, i) => repeated(x, shapes[i]!, shape)) as [Float32Array, Float32Array];
  const y = new Float32Array(a.length);
  for (let i = 0; i < y.length; i++) y[i] = f(a[i]!, b[i]!);
  return y;
}

/** Repeats the values along the axes that have one. */
function repeated(x: Float32Array, from: readonly number[], shape: readonly number[]): Float32Array {
  let values = x;
  for (const [axis, extent] of shape.entries()) {
    if (from[axis] === extent) continue;
    const stretch = product(from.slice(axis + 1));
    const longer = new Float32Array(values.length * extent);
    for (let to = 0; to < longer.length; to += stretch) {
      const at = Math.floor(to / stretch / extent) * stretch;
      longer.set(values.subarray(at, at + stretch), to);
    }
    values = longer;
  }
  return values;
}

/** Rectangles of a map: for each output row or column, the first input and the one after the last. */
type Spans = readonly (readonly [from: number, to: number])[];

/** Calls back with the values of a rectangle of each image, channel by channel. */
function overRectangles(
  x: Float32Array,
  [n, h, w, c]: MapExtents,
  rows: Spans,
  columns: Spans,
  finish: (sum: number, largest: number, row: number, column: number) => number,
): Float32Array {
  const y = new Float32Array(n * rows.length * columns.length * c);
  let to = 0;
  for (let image = 0; image < n; image++)
    for (const [i, [top, bottom]] of rows.entries())
      for (const [j, [left, right]] of columns.entries())
        for (let channel = 0; channel < c; channel++) {
          let sum = 0;
          let largest = Number.NEGATIVE_INFINITY;
          for (let row = top; row < bottom; row++)
            for (let column = left; column < right; column++) {
              const value = x[((image * h + row) * w + column) * c + channel]!;
              sum += value;
              largest = Math.max(largest, value);
            }
          y[to++] = finish(sum, largest, i, j);
        }
  return y;
}

const lengthOf = ([from, to]: readonly [number, number]): number => to - from;

function adaptivePool({ size }: AdaptivePoolNode, { inputs: [x], shapes: [from] }: Operands): Float32Array {
  const extents = from as readonly number[] as MapExtents;
  const spans = (count: number, extent: number): Spans =>
    Array.from({ length: count }, (_, i) => [Math.floor((i * extent) / count), Math.ceil(((i + 1) * extent) / count)]);
  const [rows, columns] = [spans(size[0], extents[1]), spans(size[1], extents[2])];
  return overRectangles(
    x!,
    extents,
    rows,
    columns,
    (sum, _, i, j) => sum / (lengthOf(rows[i]!) * lengthOf(columns[j]!)),
  );
}

/** An average in which a part of the padding counts. */
function averagePool(node: PoolNode, { inputs: [x], shapes: [from], shape }: Operands): Float32Array {
  const extents = from as readonly number[] as MapExtents;
  const clipped = (axis: 0 | 1, before: number, after: number): Spans =>
    Array.from({ length: shape[axis + 1]! }, (_, i) => {
      const start = i * node.stride[axis] - node.padding[axis][0];
      const limit = extents[axis + 1]! + after;
      return [Math.min(Math.max(start, -before), limit), Math.min(Math.max(start + node.size[axis], -before), limit)];
    });
  const counts = ([0, 1] as const).map((axis) => clipped(axis, ...node.counted[axis]).map(lengthOf));
  const [rows, columns] = ([0, 1] as const).map((axis) => clipped(axis, 0, 0)) as [Spans, Spans];
  return overRectangles(x!, extents, rows, columns, (sum, _, i, j) => sum / (counts[0]![i]! * counts[1]![j]!));
}

function groupNorm(
  { groups, eps }: GroupNormNode,
  { inputs: [x], shapes: [from], constants: [weight, bias] }: Operands,
): Float32Array {
  const [n, h, w, c] = from as readonly number[] as MapExtents;
  const y = new Float32Array(x!.length);
  const perGroup = c / groups;
  const pixels = h * w;
  for (let image = 0; image < n; image++)
    for (let group = 0; group < groups; group++) {
      const first = image * pixels * c + group * perGroup;
      const over = (visit: (at: number, channel: number) => void) => {
        for (let pixel = 0; pixel < pixels; pixel++)
          for (let i = 0; i < perGroup; i++) visit(first + pixel * c + i, group * perGroup + i);
      };
      let sum = 0;
      over((at) => {
        sum += x![at]!;
      });
      const mean = sum / (pixels * perGroup);
      let squares = 0;
      over((at) => {
        squares += (x![at]! - mean) ** 2;
      });
      const deviation = Math.sqrt(squares / (pixels * perGroup) + eps);
      over((at, channel) => {
        y[at] = ((x![at]! - mean) / deviation) * weight![channel]! + bias![channel]!;
      });
    }
  return y;
}

function localResponseNorm(
  { size, alpha, beta, k }: LocalResponseNormNode,
  { inputs: [x], shape }: Operands,
): Float32Array {
  const channels = shape.at(-1)!;
  const before = Math.floor(size / 2);
  const y = new Float32Array(x!.length);
  for (let pixel = 0; pixel < x!.length; pixel += channels)
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      const end = Math.min(channels, c - before + size);
      for (let i = Math.max(0, c - before); i < end; i++) sum += x![pixel + i]! ** 2;
      y[pixel + c] = x![pixel + c]! / (k + (alpha / size) * sum) ** beta;
    }
  return y;
}

function concat({ axis }: ConcatNode, { inputs, shapes, shape }: Operands): Float32Array {
  const y = new Float32Array(product(shape));
  const outer = product(shape.slice(0, axis));
  const stretch = product(shape.slice(axis));
  let offset = 0;
  for (const [i, x] of inputs.entries()) {
    const length = product(shapes[i]!.slice(axis));
    for (let at = 0; at < outer; at++) y.set(x.subarray(at * length, (at + 1) * length), at * stretch + offset);
    offset += length;
  }
  return y;
}

function transpose({ order }: Pick<TransposeNode, 'order'>, { inputs: [x], shapes: [from] }: Operands): Float32Array {
  const y = new Float32Array(x!.length);
  const steps = from!.map((_, axis) => product(from!.slice(axis + 1)));
  let to = 0;
  const walk = (depth: number, at: number): void => {
    if (depth === order.length) {
      y[to++] = x![at]!;
      return;
    }
    const axis = order[depth]!;
    for (let i = 0; i < from![axis]!; i++) walk(depth + 1, at + i * steps[axis]!);
  };
  walk(0, 0);
  return y;
}

function pad({ padding }: PadNode, { inputs: [x], shapes: [from], shape }: Operands): Float32Array {
  const y = new Float32Array(product(shape));
  const steps = shape.map((_, axis) => product(shape.slice(axis + 1)));
  let read = 0;
  const walk = (axis: number, at: number): void => {
    if (axis === shape.length) {
      y[at] = x![read++]!;
      return;
    }
    const before = axis === 0 ? 0 : padding[axis - 1]![0];
    for (let i = 0; i < from![axis]!; i++) walk(axis + 1, at + (before + i) * steps[axis]!);
  };
  walk(0, 0);
  return y;
}

/** Interpolates. A neighbour of no weight does not count, NaN neither. */
const between = (a: number, b: number, part: number): number => (part === 0 ? a : a * (1 - part) + b * part);

function upsample({ size, interpolation }: UpsampleNode, { inputs: [x], shapes: [from] }: Operands): Float32Array {
  const [n, h, w, c] = from as readonly number[] as MapExtents;
  const [rows, columns] = [h * size[0], w * size[1]];
  const y = new Float32Array(n * rows * columns * c);
  const at = (image: number, row: number, column: number): number =>
    ((image * h + Math.min(row, h - 1)) * w + Math.min(column, w - 1)) * c;
  let to = 0;
  for (let image = 0; image < n; image++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        const [row, column] = [Math.floor(i / size[0]), Math.floor(j / size[1])];
        const [down, right] = interpolation === 'nearest' ? [0, 0] : [i / size[0] - row, j / size[1] - column];
        const places = [at(image, row, column), at(image, row, column + 1)] as const;
        const below = [at(image, row + 1, column), at(image, row + 1, column + 1)] as const;
        for (let channel = 0; channel < c; channel++) {
          const upper = between(x![places[0] + channel]!, x![places[1] + channel]!, right);
          const lower = between(x![below[0] + channel]!, x![below[1] + channel]!, right);
          y[to++] = between(upper, lower, down);
        }
      }
  return y;
}

function withoutRelu(node: GraphNode, operands: Operands): Float32Array {
  switch (node.op) {
    case 'activation':
      return activate(node, operands);
    case 'scale':
      return scale(operands);
    case 'binary':
      return combine(node.operator, operands);
    case 'adaptive-pool':
      return adaptivePool(node, operands);
    case 'pool':
      return averagePool(node, operands);
    case 'group-norm':
      return groupNorm(node, operands);
    case 'local-response-norm':
      return localResponseNorm(node, operands);
    case 'concat':
      return concat(node, operands);
    case 'transpose':
      return transpose(node, operands);
    case 'flatten':
      return operands.shapes[0]!.length === 4 ? transpose({ order: [0, 3, 1, 2] }, operands) : operands.inputs[0]!;
    case 'reshape':
      return operands.inputs[0]!;
    case 'pad':
      return pad(node, operands);
    case 'upsample':
      return upsample(node, operands);
    default:
      throw new Error(`no script computes '${node.op}'`);
  }
}

/** Computes a node that no kernel computes. */
export function runScript(node: GraphNode, operands: Operands): Float32Array {
  const y = withoutRelu(node, operands);
  // NaN stays.
  if ('relu' in node && node.relu) for (let i = 0; i < y.length; i++) if (y[i]! < 0) y[i] = 0;
  return y;
}
