import { util } from '@tensorflow/tfjs-core';
import { notFloats } from './floats.js';
import { type KernelFamily, NotTaken } from './registry.js';

/** Repetition of whole tensors: the gradient of tfjs' batch normalization spreads a vector over a map by it. */
export const tile: KernelFamily = () => ({
  Tile(call) {
    const x = call.inputs.x!;
    const reps = call.attrs.reps as number[];
    const refused = notFloats(call);
    if (refused) return refused;
    // Behind the first axis that is longer than 1, a repetition would come between values.
    const repeatsWhole = reps.every((rep, axis) => rep === 1 || x.shape.slice(0, axis).every((extent) => extent === 1));
    const size = util.sizeFromShape(x.shape);
    if (!repeatsWhole || size === 0) return new NotTaken('repetitions of parts');
    const output = call.backend.makeOutput(
      x.shape.map((extent, axis) => extent * reps[axis]!),
      'float32',
    );
    const values = call.tensors.values(output);
    if (values.length > 0) values.set(call.tensors.values(x));
    // What is there is copied behind itself, twice as much each time.
    for (let filled = size; filled < values.length; filled *= 2) values.copyWithin(filled, 0, filled);
    return output;
  },
});
