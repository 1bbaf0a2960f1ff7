import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { columnSums } from '../ops/column-sums.js';
import { rowsPerTask } from '../ops/rows-per-task.js';
import { notFloats } from './floats.js';
import { type KernelCall, type KernelFamily, NotTaken } from './registry.js';

/** Rows below which a second thread is not worth its while. */
const LEAST_ROWS = 64;

/** The axes that are reduced, ascending. */
const axesOf = ({ attrs }: KernelCall, { shape }: TensorInfo): number[] =>
  util.parseAxisParam(attrs.axis as number | number[], shape).sort((a, b) => a - b);

function shapeAfter({ attrs }: KernelCall, { shape }: TensorInfo, axes: number[]): number[] {
  const [reduced] = backend_util.computeOutAndReduceShapes(shape, axes);
  return attrs.keepDims ? backend_util.expandShapeToKeepDim(reduced, axes) : reduced;
}

/** Reductions to channels, which tfjs makes of a transposition and sums of rows. */
export const reduce: KernelFamily = () => ({
  /** Over all axes but the last: the gradient of a bias. */
  Sum(call) {
    const x = call.inputs.x!;
    const axes = axesOf(call, x);
    const channels = x.shape.at(-1) ?? 1;
    const rows = util.sizeFromShape(x.shape) / channels;
    if (
      !(rows > 0) ||
      axes.length === 0 ||
      axes.join() !==
        x.shape
          .slice(0, -1)
          .map((_, axis) => axis)
          .join()
    )
      return new NotTaken('other axes than all but the last');
    const refused = notFloats(call);
    if (refused) return refused;
    const { engine, tensors } = call.local;
    const total = new Float64Array(channels);
    for (const sums of columnSums(
      engine,
      rows,
      channels,
      tensors.put(x),
      rowsPerTask(rows, engine.threads, LEAST_ROWS),
    ))
      for (let c = 0; c < channels; c++) total[c]! += sums[c]!;
    return tensors.from(total, shapeAfter(call, x, axes));
  },

  /** Of a map [n, h, w, c] over its pixels: global average pooling. */
  Mean(call) {
    const x = call.inputs.x!;
    const axes = axesOf(call, x);
    const size = util.sizeFromShape(x.shape);
    if (x.shape.length !== 4 || axes.join() !== '1,2' || size === 0)
      return new NotTaken('other axes than the pixels of maps');
    const refused = notFloats(call);
    if (refused) return refused;
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const { engine, tensors } = call.local;
    const means = new Float32Array(batch * channels);
    columnSums(engine, batch * height * width, channels, tensors.put(x), height * width).forEach((sums, n) => {
      for (let c = 0; c < channels; c++) means[n * channels + c] = sums[c]! / (height * width);
    });
    return tensors.from(means, shapeAfter(call, x, axes));
  },
});
