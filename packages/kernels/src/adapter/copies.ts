import { util } from '@tensorflow/tfjs-core';
import { MOST_BYTES, noRoom } from '../engine/index.js';
import { input, misfit } from './checks.js';
import { type KernelFamily, NotTaken } from './registry.js';

/** Kernels whose results hold the values of their input: shared without a copy, or repeated. */
export const copies = (() => ({
  /** tfjs' own kernel copies; this one shares the data. */
  Identity(call) {
    const x = input(call, 'x');
    return x.dtype === 'string' ? new NotTaken('strings') : call.tensors.alias(x);
  },

  /** Shares the data if the dtype stays the same. */
  Cast(call) {
    const x = input(call, 'x');
    return x.dtype === 'string' || x.dtype !== call.attrs.dtype ? new NotTaken('another dtype') : call.tensors.alias(x);
  },

  /** Repeats whole tensors. The gradient of tfjs' batch normalization uses it to spread a vector over a map. */
  Tile(call) {
    const x = input(call, 'x');
    const reps = call.attrs.reps as readonly number[];
    const isCount = (rep: number): boolean => Number.isInteger(rep) && rep >= 0;
    if (!Array.isArray(reps) || reps.length !== x.shape.length || !reps.every(isCount))
      throw misfit(call, `reps of x's ${x.shape.length} axes, each a whole number`, JSON.stringify(reps) ?? 'none');
    const shape = x.shape.map((extent, axis) => extent * reps[axis]!);
    const bytes = util.bytesPerElement(x.dtype) * util.sizeFromShape(shape);
    if (bytes > MOST_BYTES) throw noRoom(bytes);
    // Repeating an axis after the first axis longer than 1 would interleave values instead of repeating the whole.
    const repeatsWhole = reps.every((rep, axis) => rep === 1 || x.shape.slice(0, axis).every((extent) => extent === 1));
    const size = util.sizeFromShape(x.shape);
    if (x.dtype !== 'float32' || !repeatsWhole || size === 0) return new NotTaken('repetitions of parts');
    const output = call.tensors.make(shape);
    const values = call.tensors.values(output);
    if (values.length > 0) values.set(call.tensors.values(x));
    // Appends the filled part to itself, so that it doubles each time.
    for (let filled = size; filled < values.length; filled *= 2) values.copyWithin(filled, 0, filled);
    return output;
  },
})) satisfies KernelFamily;
