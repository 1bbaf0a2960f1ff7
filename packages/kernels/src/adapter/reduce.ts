import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { rowsPerTask } from '../engine/index.js';
import { columnSums } from '../ops/index.js';
import { misfit, numbers } from './checks.js';
import { type KernelCall, type KernelFamily, NotTaken } from './registry.js';

/** Fewer rows than this are not worth a second thread. */
const LEAST_ROWS = 64;

/** Columns into which a sum of all values is divided, and the fewest values for which that is worth it. */
const COLUMNS = 16;
const LEAST_VALUES = 1024;

/** With fewer rows a group than this, transposing as tfjs does is as fast as one task for each group. */
const LEAST_GROUP_ROWS = 16;

/** Sums [groups, rows, channels] over the rows in double precision, giving [groups, channels]. */
function sumsOfGroups(
  { local: { engine, tensors } }: KernelCall,
  x: TensorInfo,
  [groups, rows, channels]: readonly [number, number, number],
): Float64Array {
  const perTask = groups > 1 ? rows : rowsPerTask(rows, engine.threads, LEAST_ROWS);
  const total = new Float64Array(groups * channels);
  columnSums(engine, groups * rows, channels, tensors.put(x), perTask).forEach((sums, task) => {
    const first = groups > 1 ? task * channels : 0;
    for (let c = 0; c < channels; c++) total[first + c]! += sums[c]!;
  });
  return total;
}

/** Sums all values: chains of 64 in single precision, and their sums in double precision. */
function sumOfAll(call: KernelCall, x: TensorInfo): number {
  const size = util.sizeFromShape(x.shape);
  const rows = Math.floor(size / COLUMNS);
  const add = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0);
  const rest = add(call.local.tensors.values(x).subarray(rows * COLUMNS));
  return add(sumsOfGroups(call, x, [1, rows, COLUMNS])) + rest;
}

/** Returns the axes that a call reduces, in ascending order. */
function axesOf(call: KernelCall, { shape }: TensorInfo): number[] {
  const { axis } = call.attrs;
  try {
    return [...util.parseAxisParam(axis as number | number[], shape)].sort((a, b) => a - b);
  } catch {
    throw misfit(call, `axes of x [${shape}]`, JSON.stringify(axis));
  }
}

/**
 * Reduces all axes, or neighbouring axes that end with the last axis but one, for which tfjs would transpose first. `mean`
 * divides by their size.
 */
function reduceRows(call: KernelCall, mean: boolean): TensorInfo | NotTaken {
  // tfjs sums no booleans, but takes their mean: a metric's share of right answers.
  const x = numbers(call, 'x', mean ? ['float32', 'int32', 'bool'] : ['float32', 'int32']);
  const { shape } = x;
  const { tensors } = call.local;
  const axes = axesOf(call, x);
  if (new Set(axes).size < axes.length) return new NotTaken('an axis more than once');
  const last = shape.length - 1;
  const [reduced] = backend_util.computeOutAndReduceShapes(shape, axes);
  const resultShape = call.attrs.keepDims ? backend_util.expandShapeToKeepDim(reduced, axes) : reduced;
  // A sum over no values, which tfjs leaves unwritten. The cpu backend too makes the mean of no values 0.
  if (util.sizeFromShape(shape) === 0)
    return tensors.zeros(resultShape, mean || x.dtype === 'float32' ? 'float32' : 'int32');
  if (axes.length === shape.length && x.dtype === 'float32' && util.sizeFromShape(shape) >= LEAST_VALUES)
    return tensors.from([sumOfAll(call, x) / (mean ? util.sizeFromShape(shape) : 1)], resultShape);
  const neighbours = axes.length > 0 && axes.every((axis, i) => axis === last - axes.length + i);
  if (!neighbours || x.dtype !== 'float32') return new NotTaken('other axes than those before the last');
  const groups = util.sizeFromShape(shape.slice(0, axes[0]));
  const rows = util.sizeFromShape(shape.slice(axes[0], last));
  if (groups > 1 && rows < LEAST_GROUP_ROWS) return new NotTaken('many sums of few values');
  const sums = sumsOfGroups(call, x, [groups, rows, shape[last]!]);
  return tensors.from(mean ? sums.map((sum) => sum / rows) : sums, resultShape);
}

/** Sums and means of everything, and those that keep the channels: gradients of biases, batch statistics, global pooling. */
export const reduce = (() => ({
  Sum: (call: KernelCall) => reduceRows(call, false),
  Mean: (call: KernelCall) => reduceRows(call, true),
})) satisfies KernelFamily;
