import { CnnzooError } from '../util/index.js';

/*
 * PyTorch keeps a convolution's kernel as OIHW and a linear layer's matrix as [out, in]; tfjs as HWIO and [in, out].
 * Both are one transposition of [out, in, taps] to [taps, in, out]; everything of rank 1 is the same.
 */

/** PyTorch's shape of a tensor in tfjs' layout: HWIO -> OIHW, [in, out] -> [out, in]. */
export const toTorchShape = (shape: readonly number[]): number[] => {
  if (shape.length === 4) return [shape[3]!, shape[2]!, shape[0]!, shape[1]!];
  return shape.length === 2 ? [shape[1]!, shape[0]!] : [...shape];
};

/** tfjs' shape of a tensor in PyTorch's layout: OIHW -> HWIO, [out, in] -> [in, out]. */
export const toTfShape = (shape: readonly number[]): number[] => {
  if (shape.length === 4) return [shape[2]!, shape[3]!, shape[1]!, shape[0]!];
  return shape.length === 2 ? [shape[1]!, shape[0]!] : [...shape];
};

/** Sizes [out, in, taps] of a shape in PyTorch's layout. */
export function torchExtents(shape: readonly number[]): readonly [number, number, number] {
  if (shape.length === 4) return [shape[0]!, shape[1]!, shape[2]! * shape[3]!];
  if (shape.length === 2) return [shape[0]!, shape[1]!, 1];
  throw new CnnzooError('SHAPE', `expected a kernel of rank 2 or 4, received shape [${shape}].`);
}

/** Views floats as integers, which keep every bit when they are copied: a processor quietens a signalling NaN. */
export const bitsOf = ({ buffer, byteOffset, length }: Float32Array): Int32Array =>
  new Int32Array(buffer, byteOffset, length);

/** One cache line of floats: rows are read side by side, so that whole lines are written. */
const LINE = 16;

/** Transposes values from tfjs' layout to PyTorch's; `shape` is PyTorch's. A new array, except at rank 0 and 1. */
export function toTorchValues(floats: Float32Array, shape: readonly number[]): Float32Array {
  if (shape.length < 2) return floats;
  const [outs, ins, taps] = torchExtents(shape);
  const values = bitsOf(floats);
  const transposed = new Float32Array(floats.length);
  const result = bitsOf(transposed);
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
  return transposed;
}
