import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { withJoints } from '../../../layers/join-scope.js';
import { jointsOf } from '../../../layers/joints.js';
import { orderTo } from './order.js';

/** A part of a net, which takes one tensor. */
export type Part = (x: tf.Tensor, training: boolean) => tf.Tensor[];

/** The layers of a net from one place to others, on its weights: no model, which would own the layers as well. */
export function partOf(model: LayersModel, from: SymbolicTensor, to: readonly SymbolicTensor[]): Part {
  const order = orderTo(to, from);
  const readers = new Map<SymbolicTensor, number>();
  for (const { inputs } of order) for (const input of inputs) readers.set(input, (readers.get(input) ?? 0) + 1);
  const kept = new Set([from, ...to]);
  const joints = jointsOf({ inputs: [from], outputs: [...to], layers: model.layers });
  const run: Part = (x, training) => {
    const values = new Map([[from, x]]);
    const left = new Map(readers);
    for (const tensor of order) {
      const inputs = tensor.inputs.map((input) => values.get(input)!);
      const result = tensor.sourceLayer.apply(inputs.length === 1 ? inputs[0]! : inputs, { training });
      values.set(tensor, [result].flat()[tensor.outputTensorIndex ?? 0] as tf.Tensor);
      for (const input of tensor.inputs) {
        left.set(input, left.get(input)! - 1);
        // A backward pass needs them; without one, the memory.
        if (!training && left.get(input) === 0 && !kept.has(input)) values.get(input)!.dispose();
      }
    }
    return to.map((tensor) => values.get(tensor)!);
  };
  return (x, training) => withJoints(joints, () => run(x, training));
}
