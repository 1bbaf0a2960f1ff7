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

/** Channels of a task of the gradients: all, or, where images do not share out evenly, those of one cache line. */
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

/** Largest value of each window: NaN where one is NaN, and -Infinity where a window holds nothing but padding. */
export function maxPool(engine: Workspace, geometry: Geometry, input: Pointer): Pointer {
  return forward(engine, Op.MaxPool, geometry, input, false);
}

/**
 * Gradient of the input of maxPool: that of a window goes to its first largest value. As in PyTorch, a NaN is larger than
 * every number, and the first pixel of a window has its gradient where none is larger than -Infinity.
 */
export function maxPoolGradient(
  engine: Workspace,
  geometry: Geometry,
  input: Pointer,
  outputGradient: Pointer,
): Pointer {
  return backward(engine, Op.MaxPoolGradient, geometry, { input, output: outputGradient });
}

/** Mean of each window. `wholeKernel`: the padding counts as zeros; otherwise it does not count. */
export function averagePool(engine: Workspace, geometry: Geometry, input: Pointer, wholeKernel: boolean): Pointer {
  return forward(engine, Op.AveragePool, geometry, input, wholeKernel);
}

/** Gradient of the input of averagePool: that of a window goes to its pixels in equal shares. */
export function averagePoolGradient(
  engine: Workspace,
  geometry: Geometry,
  outputGradient: Pointer,
  wholeKernel: boolean,
): Pointer {
  return backward(engine, Op.AveragePoolGradient, geometry, { output: outputGradient, wholeKernel });
}
