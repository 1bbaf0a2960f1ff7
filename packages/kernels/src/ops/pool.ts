import { Op } from '../../assembly/ops.js';
import { PoolField } from '../../assembly/pool-fields.js';
import { fields, type Pointer, rowsPerTask, type Workspace } from '../engine/index.js';
import { floatsOf, type Geometry, inputShape, outputShape } from './geometry.js';

interface PoolWords {
  readonly input?: Pointer;
  readonly output: Pointer;
  readonly inputGradient?: Pointer;
  readonly wholeKernel?: boolean;
}

/**
 * Channels of a gradient's task: all of them, or those of one cache line if the images do not divide evenly among the
 * threads.
 */
const channelsPerTask = ({ images, inChannels }: Geometry, threads: number): number =>
  images % threads === 0 ? inChannels : 16;

function dispatch(engine: Workspace, op: Op, tasks: number, geometry: Geometry, words: PoolWords): void {
  const { images, inHeight, inWidth, inChannels, outHeight, outWidth } = geometry;
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, top, left } = geometry;
  const rows = images * outHeight;
  engine.dispatch(
    op,
    tasks,
    fields(PoolField, {
      input: 0,
      inputGradient: 0,
      wholeKernel: false,
      ...words,
      inHeight,
      inWidth,
      channels: inChannels,
      outHeight,
      outWidth,
      kernelHeight,
      kernelWidth,
      strideHeight,
      strideWidth,
      padTop: top,
      padLeft: left,
      rows,
      rowsPerTask: rowsPerTask(rows, engine.threads),
      channelsPerTask: channelsPerTask(geometry, engine.threads),
    }),
  );
}

function forward(engine: Workspace, op: Op, geometry: Geometry, input: Pointer, wholeKernel: boolean): Pointer {
  const rows = geometry.images * geometry.outHeight;
  const output = engine.alloc(floatsOf(outputShape(geometry)));
  dispatch(engine, op, Math.ceil(rows / rowsPerTask(rows, engine.threads)), geometry, { input, output, wholeKernel });
  return output;
}

function backward(engine: Workspace, op: Op, geometry: Geometry, words: Omit<PoolWords, 'inputGradient'>): Pointer {
  const inputGradient = engine.alloc(floatsOf(inputShape(geometry)));
  const tasks = geometry.images * Math.ceil(geometry.inChannels / channelsPerTask(geometry, engine.threads));
  dispatch(engine, op, tasks, geometry, { ...words, inputGradient });
  return inputGradient;
}

/** Computes the largest value of each window: NaN if the window holds a NaN, -Infinity if it holds only padding. */
export function maxPool(engine: Workspace, geometry: Geometry, input: Pointer): Pointer {
  return forward(engine, Op.MaxPool, geometry, input, false);
}

/**
 * Computes the gradient of maxPool's input: a window's gradient goes to its first largest value. As in PyTorch, a NaN
 * is larger than every number, and a window of nothing above -Infinity gives its gradient to its first pixel.
 */
export function maxPoolGradient(
  engine: Workspace,
  geometry: Geometry,
  input: Pointer,
  outputGradient: Pointer,
): Pointer {
  return backward(engine, Op.MaxPoolGradient, geometry, { input, output: outputGradient });
}

/** Computes the mean of each window. With `wholeKernel` the padding counts as zeros; otherwise it does not count. */
export function averagePool(engine: Workspace, geometry: Geometry, input: Pointer, wholeKernel: boolean): Pointer {
  return forward(engine, Op.AveragePool, geometry, input, wholeKernel);
}

/** Computes the gradient of averagePool's input: a window's gradient is spread evenly over its pixels. */
export function averagePoolGradient(
  engine: Workspace,
  geometry: Geometry,
  outputGradient: Pointer,
  wholeKernel: boolean,
): Pointer {
  return backward(engine, Op.AveragePoolGradient, geometry, { output: outputGradient, wholeKernel });
}
