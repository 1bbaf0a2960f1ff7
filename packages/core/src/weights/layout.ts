import { CnnzooError } from '../errors.js';

/*
 * PyTorch keeps a convolution's kernel as OIHW and a linear layer's matrix as [out, in]; tfjs as HWIO and [in, out].
 * Both are one transposition of [out, in, taps] to [taps, in, out]; everything of rank 1 is the same.
 */

export const toTorchShape = (shape: readonly number[]): number[] => {
  if (shape.length === 4) return [shape[3]!, shape[2]!, shape[0]!, shape[1]!];
  return shape.length === 2 ? [shape[1]!, shape[0]!] : [...shape];
};

export const toTfShape = (shape: readonly number[]): number[] => {
  if (shape.length === 4) return [shape[2]!, shape[3]!, shape[1]!, shape[0]!];
  return shape.length === 2 ? [shape[1]!, shape[0]!] : [...shape];
};

/** [out, in, taps] of a shape in PyTorch's layout. */
function torchExtents(shape: readonly number[]): readonly [number, number, number] {
  if (shape.length === 4) return [shape[0]!, shape[1]!, shape[2]! * shape[3]!];
  if (shape.length === 2) return [shape[0]!, shape[1]!, 1];
  throw new CnnzooError('SHAPE', `expected a kernel of rank 2 or 4, received shape [${shape}].`);
}

/** One cache line of floats: rows are read side by side, so that whole lines are written. */
const LINE = 16;

/** Values of a PyTorch tensor in tfjs' order; `shape` is PyTorch's. A new array, except at rank 0 and 1. */
export function toTfValues(values: Float32Array, shape: readonly number[]): Float32Array {
  if (shape.length < 2) return values;
  const [outs, ins, taps] = torchExtents(shape);
  const result = new Float32Array(values.length);
  const row = ins * taps;
  for (let start = 0; start < outs; start += LINE) {
    const end = Math.min(start + LINE, outs);
    for (let i = 0; i < ins; i++) {
      for (let tap = 0; tap < taps; tap++) {
        const to = (tap * ins + i) * outs;
        const from = i * taps + tap;
        for (let o = start; o < end; o++) result[to + o] = values[o * row + from]!;
      }
    }
  }
  return result;
}

/** Values of a tfjs tensor in PyTorch's order; `shape` is PyTorch's. A new array, except at rank 0 and 1. */
export function toTorchValues(values: Float32Array, shape: readonly number[]): Float32Array {
  if (shape.length < 2) return values;
  const [outs, ins, taps] = torchExtents(shape);
  const result = new Float32Array(values.length);
  const row = ins * taps;
  for (let start = 0; start < outs; start += LINE) {
    const end = Math.min(start + LINE, outs);
    for (let i = 0; i < ins; i++) {
      for (let tap = 0; tap < taps; tap++) {
        const from = (tap * ins + i) * outs;
        const to = i * taps + tap;
        for (let o = start; o < end; o++) result[o * row + to] = values[from + o]!;
      }
    }
  }
  return result;
}
