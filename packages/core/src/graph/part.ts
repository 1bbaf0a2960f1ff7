import * as tf from '@tensorflow/tfjs-core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { withJoints } from '../layers/index.js';
import { type GraphEnds, jointsOf } from './net-model.js';
import { orderTo } from './walk.js';

/** The layers of a net between one place and others, on its weights. */
export interface NetPart {
  /** Runs all layers at once; for a backward pass too. */
  run(x: tf.Tensor, training: boolean): tf.Tensor[];
  /**
   * Runs the layers as in inference, and awaits `pause` after each. The results are the caller's; where a layer or
   * `pause` throws, nothing is left behind.
   */
  infer(x: tf.Tensor, pause: () => Promise<void>): Promise<tf.Tensor[]>;
}

/** The layers from `from` to `to`: no model, which would own the layers as well. */
export function partOf(model: Pick<GraphEnds, 'layers'>, from: SymbolicTensor, to: readonly SymbolicTensor[]): NetPart {
  const order = orderTo(to, from);
  const readers = new Map<SymbolicTensor, number>();
  for (const { inputs } of order) for (const input of inputs) readers.set(input, (readers.get(input) ?? 0) + 1);
  const kept = new Set([from, ...to]);
  const joints = jointsOf({ inputs: [from], outputs: [...to], layers: model.layers });

  /** Adds the value of one tensor after the other to `values`. */
  function* compute(values: Map<SymbolicTensor, tf.Tensor>, training: boolean): Generator<tf.Tensor, void, void> {
    const left = new Map(readers);
    for (const tensor of order) {
      const inputs = tensor.inputs.map((input) => values.get(input)!);
      const result = tensor.sourceLayer.apply(inputs.length === 1 ? inputs[0]! : inputs, { training });
      const value = [result].flat()[tensor.outputTensorIndex ?? 0] as tf.Tensor;
      values.set(tensor, value);
      for (const input of tensor.inputs) {
        left.set(input, left.get(input)! - 1);
        if (training || left.get(input)! > 0 || kept.has(input)) continue;
        // A backward pass needs them; without one, the memory.
        values.get(input)!.dispose();
        values.delete(input);
      }
      yield value;
    }
  }

  return {
    run(x, training) {
      const values = new Map([[from, x]]);
      withJoints(joints, () => [...compute(values, training)]);
      return to.map((tensor) => values.get(tensor)!);
    },
    async infer(x, pause) {
      const values = new Map([[from, x]]);
      const steps = compute(values, false);
      try {
        while (tf.tidy(() => withJoints(joints, () => steps.next().value as tf.Tensor | undefined))) await pause();
        // The input stays the caller's, also where it is an output.
        return to.map((tensor) => (tensor === from ? x.clone() : values.get(tensor)!));
      } catch (error) {
        values.delete(from);
        tf.dispose([...values.values()]);
        throw error;
      }
    },
  };
}
