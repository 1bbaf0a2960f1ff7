// Apart from layout.ts, for only the readers need it: they are loaded when called.
import { bitsOf, torchExtents } from './layout.js';
import type { ReadBuffer } from './read-buffer.js';

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
