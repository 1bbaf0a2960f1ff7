import { Op } from '../../assembly/ops.js';
import { PoolField } from '../../assembly/pool-fields.js';
import { fields } from '../engine/descriptor.js';
import type { Pointer } from '../engine/engine.js';
import type { Workspace } from '../engine/workspace.js';
import { rowsPerTask } from './rows-per-task.js';

/** Windows over maps [batch, inHeight, inWidth, channels] -> [batch, outHeight, outWidth, channels]. */
export interface PoolGeometry {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
}

interface PoolWords {
  readonly input?: Pointer;
  readonly output: Pointer;
  readonly inputGradient?: Pointer;
  readonly wholeKernel?: boolean;
}

/** Channels of a task of the gradients: all, or, where images do not share out evenly, those of one cache line. */
const channelsPerTask = ({ batch, channels }: PoolGeometry, threads: number): number =>
  batch % threads === 0 ? channels : 16;

function dispatch(engine: Workspace, op: Op, tasks: number, geometry: PoolGeometry, words: PoolWords): void {
  const { batch, ...extents } = geometry;
  const rows = batch * geometry.outHeight;
  engine.dispatch(
    op,
    tasks,
    fields(PoolField, {
      input: 0,
      inputGradient: 0,
      wholeKernel: false,
      ...extents,
      ...words,
      rows,
      rowsPerTask: rowsPerTask(rows, engine.threads),
      channelsPerTask: channelsPerTask(geometry, engine.threads),
    }),
  );
}

const inSize = ({ batch, inHeight, inWidth, channels }: PoolGeometry): number => batch * inHeight * inWidth * channels;

function forward(engine: Workspace, op: Op, geometry: PoolGeometry, input: Pointer, wholeKernel: boolean): Pointer {
  const { batch, outHeight, outWidth, channels } = geometry;
  const rows = batch * outHeight;
  const output = engine.alloc(rows * outWidth * channels);
  dispatch(engine, op, Math.ceil(rows / rowsPerTask(rows, engine.threads)), geometry, { input, output, wholeKernel });
  return output;
}

function backward(engine: Workspace, op: Op, geometry: PoolGeometry, words: Omit<PoolWords, 'inputGradient'>): Pointer {
  const inputGradient = engine.alloc(inSize(geometry));
  const tasks = geometry.batch * Math.ceil(geometry.channels / channelsPerTask(geometry, engine.threads));
  dispatch(engine, op, tasks, geometry, { ...words, inputGradient });
  return inputGradient;
}

/** Largest value of each window: NaN where one is NaN, and -Infinity where a window holds nothing but padding. */
export function maxPool(engine: Workspace, geometry: PoolGeometry, input: Pointer): Pointer {
  return forward(engine, Op.MaxPool, geometry, input, false);
}

/**
 * Gradient of the input of maxPool: that of a window goes to its first largest value. As in PyTorch, a NaN is larger than
 * every number, and the first pixel of a window has its gradient where none is larger than -Infinity.
 */
export function maxPoolGradient(
  engine: Workspace,
  geometry: PoolGeometry,
  input: Pointer,
  outputGradient: Pointer,
): Pointer {
  return backward(engine, Op.MaxPoolGradient, geometry, { input, output: outputGradient });
}

/** Mean of each window. `wholeKernel`: the padding counts as zeros; otherwise it does not count. */
export function averagePool(engine: Workspace, geometry: PoolGeometry, input: Pointer, wholeKernel: boolean): Pointer {
  return forward(engine, Op.AveragePool, geometry, input, wholeKernel);
}

/** Gradient of the input of averagePool: that of a window goes to its pixels in equal shares. */
export function averagePoolGradient(
  engine: Workspace,
  geometry: PoolGeometry,
  outputGradient: Pointer,
  wholeKernel: boolean,
): Pointer {
  return backward(engine, Op.AveragePoolGradient, geometry, { output: outputGradient, wholeKernel });
}
