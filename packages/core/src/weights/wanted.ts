import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { withBuildScope } from '../layers/build-scope.js';
import type { Wanted } from './fit-keys.js';
import { toTorchShape } from './layout.js';
import { slotsOf } from './slots.js';

/** The tensors that a net will have: builds it without values, and disposes of it. */
export function wantedBy(build: () => LayersModel): Wanted {
  const wanted = new Map<string, readonly number[]>();
  const take = (key: string, shape: readonly number[]): tf.Tensor => {
    wanted.set(key, toTorchShape(shape));
    // In the place of values of any size.
    return tf.scalar(0);
  };
  const model = withBuildScope({ take }, build);
  try {
    // Stock tfjs layers make their own weights.
    for (const { key, variable } of slotsOf(model))
      if (!wanted.has(key)) wanted.set(key, toTorchShape(variable.shape as number[]));
  } finally {
    model.dispose();
  }
  return wanted;
}
