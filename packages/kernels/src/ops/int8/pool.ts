import { Int8PoolField } from '../../../assembly/int8-fields.js';
import { Op } from '../../../assembly/ops.js';
import { fields, floatBits, rowsPerTask } from '../../engine/index.js';
import { KernelError } from '../../errors.js';
import { type Geometry, inputShape, outputShape } from '../geometry.js';
import { checkLimits, checkMap, checkSameShape, checkScale, type Dispatch, INT16, type Int16Map } from './map.js';

/** Scales and limits of an average. */
export interface Int8Average {
  readonly inputScale: number;
  readonly outputScale: number;
  /** Least and largest result less the zero point. */
  readonly low: number;
  readonly high: number;
  /** True to divide by the whole kernel, false to divide by the window's pixels that are not padding. */
  readonly wholeKernel: boolean;
}

/** Throws if a window would lie in the padding alone: it has no largest value and no mean. */
function checkWindows(g: Geometry): void {
  const rows = (g.outHeight - 1) * g.strideHeight - g.top < g.inHeight && g.top < g.kernelHeight;
  const columns = (g.outWidth - 1) * g.strideWidth - g.left < g.inWidth && g.left < g.kernelWidth;
  if (!rows || !columns)
    throw new KernelError('Every window of a pooling must hold a pixel of the map. Use less padding.');
}

function pool(
  op: Op,
  threads: number,
  g: Geometry,
  input: Int16Map,
  output: Int16Map,
  { inputScale, outputScale, low, high, wholeKernel }: Int8Average,
): Dispatch {
  for (const map of [input, output]) checkMap(map, INT16);
  checkSameShape(input, inputShape(g));
  checkSameShape(output, outputShape(g));
  checkWindows(g);
  const rows = g.images * g.outHeight;
  const perTask = rowsPerTask(rows, threads);
  return {
    op,
    tasks: Math.ceil(rows / perTask),
    words: fields(Int8PoolField, {
      input: input.pointer,
      inputImage: INT16 * input.imageStep,
      inputRow: INT16 * input.rowStep,
      inputPixel: INT16 * input.pixelStep,
      inHeight: g.inHeight,
      inWidth: g.inWidth,
      channels: g.inChannels,
      output: output.pointer,
      outputImage: INT16 * output.imageStep,
      outputRow: INT16 * output.rowStep,
      outputPixel: INT16 * output.pixelStep,
      outHeight: g.outHeight,
      outWidth: g.outWidth,
      kernelHeight: g.kernelHeight,
      kernelWidth: g.kernelWidth,
      strideHeight: g.strideHeight,
      strideWidth: g.strideWidth,
      padTop: g.top,
      padLeft: g.left,
      rows,
      rowsPerTask: perTask,
      inputScale: floatBits(inputScale),
      outputScale: floatBits(outputScale),
      low: floatBits(low),
      high: floatBits(high),
      wholeKernel,
    }),
  };
}

/** Returns the dispatch of the largest value of each window. The padding, which need not be in memory, never counts. */
export const int8MaxPool = (threads: number, g: Geometry, input: Int16Map, output: Int16Map): Dispatch =>
  pool(Op.Int8MaxPool, threads, g, input, output, {
    inputScale: 1,
    outputScale: 1,
    low: 0,
    high: 0,
    wholeKernel: false,
  });

/**
 * Returns the dispatch of each window's mean: its sum times inputScale / (outputScale * count), clamped, rounded to
 * nearest, ties to even. The padding need not be in memory.
 */
export function int8AveragePool(
  threads: number,
  g: Geometry,
  input: Int16Map,
  output: Int16Map,
  average: Int8Average,
): Dispatch {
  checkScale("The input's scale", average.inputScale);
  checkScale("The output's scale", average.outputScale);
  checkLimits(average.low, average.high);
  return pool(Op.Int8AveragePool, threads, g, input, output, average);
}
