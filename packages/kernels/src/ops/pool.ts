import { Op } from '../../assembly/ops.js';
import { PoolField } from '../../assembly/pool-fields.js';
import { fields, type Pointer, rowsPerTask, type Workspace } from '../engine/index.js';
import { denseView, floatsOf, type Geometry, inputShape, type MapView, outputShape } from './geometry.js';

interface PoolWords {
  readonly input?: Pointer;
  readonly output: Pointer;
  readonly inputGradient?: Pointer;
  readonly wholeKernel?: boolean;
}

/** Distances of the forward ops, in bytes; the gradients take maps without gaps. */
const NO_STEPS = { inImage: 0, inRow: 0, inPixel: 0, outImage: 0, outRow: 0, outPixel: 0 };

/**
 * Channels of a gradient's task: all of them, or those of one cache line if the images do not divide evenly among the
 * threads.
 */
const channelsPerTask = ({ images, inChannels }: Geometry, threads: number): number =>
  images % threads === 0 ? inChannels : 16;

function dispatch(
  engine: Workspace,
  op: Op,
  tasks: number,
  geometry: Geometry,
  words: PoolWords & Partial<typeof NO_STEPS>,
): void {
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
      ...NO_STEPS,
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

/** A pooling: the largest value of each window, or the mean with or without its padding. */
export type Pooling = 'max' | 'mean' | 'mean of the whole kernel';

/** Pools a map, without padding in memory, into another. */
export function poolMap(engine: Workspace, pooling: Pooling, geometry: Geometry, from: MapView, to: MapView): void {
  const rows = geometry.images * geometry.outHeight;
  const tasks = Math.ceil(rows / rowsPerTask(rows, engine.threads));
  dispatch(engine, pooling === 'max' ? Op.MaxPool : Op.AveragePool, tasks, geometry, {
    input: from.pointer,
    inImage: 4 * from.image,
    inRow: 4 * from.row,
    inPixel: 4 * from.pixel,
    output: to.pointer,
    outImage: 4 * to.image,
    outRow: 4 * to.row,
    outPixel: 4 * to.pixel,
    wholeKernel: pooling === 'mean of the whole kernel',
  });
}

function forward(engine: Workspace, pooling: Pooling, geometry: Geometry, input: Pointer): Pointer {
  const output = engine.alloc(floatsOf(outputShape(geometry)));
  const [from, to] = [denseView(input, inputShape(geometry)), denseView(output, outputShape(geometry))];
  poolMap(engine, pooling, geometry, from, to);
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
  return forward(engine, 'max', geometry, input);
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
  return forward(engine, wholeKernel ? 'mean of the whole kernel' : 'mean', geometry, input);
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
