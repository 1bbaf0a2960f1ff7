import { CnnzooError } from '../errors.js';
import type { ReadBuffer } from './read-buffer.js';

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

/** Moved as integers, floats keep every bit: the processor quietens a signalling NaN that it takes for a number. */
const bitsOf = ({ buffer, byteOffset, length }: Float32Array): Int32Array => new Int32Array(buffer, byteOffset, length);

function emptyFloats(length: number, into: ReadBuffer | undefined): Float32Array {
  if (!into) return new Float32Array(length);
  const { buffer, byteOffset } = into.take(4 * length);
  return new Float32Array(buffer, byteOffset, length);
}

/**
 * Values of a PyTorch tensor in tfjs' order; `shape` is PyTorch's. A new array, or one in the memory given; at rank 0
 * and 1 the values themselves.
 */
export function toTfValues(floats: Float32Array, shape: readonly number[], into?: ReadBuffer): Float32Array {
  if (shape.length < 2) return floats;
  const [outs, ins, taps] = torchExtents(shape);
  const values = bitsOf(floats);
  const turned = emptyFloats(floats.length, into);
  const result = bitsOf(turned);
  const row = ins * taps;
  const whole = outs - (outs % 8);
  // Eight rows side by side, and the loop over them written out: two to three times as fast as one row, or a loop.
  for (let o = 0; o < whole; o += 8) {
    const r0 = o * row;
    const r1 = r0 + row;
    const r2 = r1 + row;
    const r3 = r2 + row;
    const r4 = r3 + row;
    const r5 = r4 + row;
    const r6 = r5 + row;
    const r7 = r6 + row;
    for (let tap = 0; tap < taps; tap++) {
      let to = tap * ins * outs + o;
      for (let from = tap; from < row; from += taps) {
        result[to] = values[r0 + from]!;
        result[to + 1] = values[r1 + from]!;
        result[to + 2] = values[r2 + from]!;
        result[to + 3] = values[r3 + from]!;
        result[to + 4] = values[r4 + from]!;
        result[to + 5] = values[r5 + from]!;
        result[to + 6] = values[r6 + from]!;
        result[to + 7] = values[r7 + from]!;
        to += outs;
      }
    }
  }
  for (let o = whole; o < outs; o++)
    for (let i = 0; i < ins; i++)
      for (let tap = 0; tap < taps; tap++) result[(tap * ins + i) * outs + o] = values[o * row + i * taps + tap]!;
  return turned;
}

/** One cache line of floats: rows are read side by side, so that whole lines are written. */
const LINE = 16;

/** Values of a tfjs tensor in PyTorch's order; `shape` is PyTorch's. A new array, except at rank 0 and 1. */
export function toTorchValues(floats: Float32Array, shape: readonly number[]): Float32Array {
  if (shape.length < 2) return floats;
  const [outs, ins, taps] = torchExtents(shape);
  const values = bitsOf(floats);
  const turned = new Float32Array(floats.length);
  const result = bitsOf(turned);
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
  return turned;
}
