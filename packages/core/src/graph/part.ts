import * as tf from '@tensorflow/tfjs-core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { withFusions } from '../layers/index.js';
import { fusionsOf, type GraphEnds } from './net-model.js';
import { orderTo } from './order.js';
import { isOutside } from './outside-layer.js';

/** Layers of a net between one tensor and others. Shares the net's weights. */
export interface NetPart {
  /** Runs all layers in one call. A gradient can be taken through it. */
  run(x: tf.Tensor, training: boolean): tf.Tensor[];
  /**
   * Runs the layers in inference, and awaits `pause` after each. The caller disposes of the results. If a layer or
   * `pause` throws, the tensors made so far are disposed of.
   */
  infer(x: tf.Tensor, pause: () => Promise<void>): Promise<tf.Tensor[]>;
}

/** Outputs of one application of a layer. */
type Step = readonly [SymbolicTensor, ...SymbolicTensor[]];

/** Returns the applications of layers that compute the tensors, in the order of the tensors. */
function stepsOf(order: readonly SymbolicTensor[]): Step[] {
  const steps = new Map<unknown, [SymbolicTensor, ...SymbolicTensor[]]>();
  for (const tensor of order) {
    const application = tensor.sourceLayer.inboundNodes[tensor.nodeIndex];
    const outputs = steps.get(application);
    if (outputs) outputs.push(tensor);
    else steps.set(application, [tensor]);
  }
  return [...steps.values()];
}

/** Returns the layers from `from` to `to`. A model would own the layers as well; a part does not. */
export function partOf(model: Pick<GraphEnds, 'layers'>, from: SymbolicTensor, to: readonly SymbolicTensor[]): NetPart {
  const steps = stepsOf(orderTo(to, [from]));
  const readers = new Map<SymbolicTensor, number>();
  for (const [{ inputs }] of steps) for (const input of inputs) readers.set(input, (readers.get(input) ?? 0) + 1);
  const kept = new Set([from, ...to]);
  const fusions = fusionsOf({ inputs: [from], outputs: [...to], layers: model.layers });

  /** Applies one layer after the other and adds the values of its outputs to `values`. */
  function* compute(values: Map<SymbolicTensor, tf.Tensor>, training: boolean): Generator<tf.Tensor[], void, void> {
    const left = new Map(readers);
    for (const outputs of steps) {
      const [{ sourceLayer, inputs: sources }] = outputs;
      const inputs = sources.map((input) => values.get(input)!);
      const results = [
        sourceLayer.apply(inputs.length === 1 ? inputs[0]! : inputs, { training }),
      ].flat() as tf.Tensor[];
      for (const tensor of outputs) values.set(tensor, results[tensor.outputTensorIndex ?? 0]!);
      for (const input of sources) {
        left.set(input, left.get(input)! - 1);
        if (training || left.get(input)! > 0 || kept.has(input)) continue;
        // A backward pass needs them; without one, the memory.
        values.get(input)!.dispose();
        values.delete(input);
      }
      yield outputs.map((tensor) => values.get(tensor)!);
    }
  }

  return {
    run(x, training) {
      const values = new Map([[from, x]]);
      withFusions(fusions, () => [...compute(values, training)]);
      return to.map((tensor) => values.get(tensor)!);
    },
    async infer(x, pause) {
      const layer = steps[0]?.[0].sourceLayer;
      if (layer && isOutside(layer)) {
        await pause();
        const [outputs] = steps;
        const results = await layer.infer(
          x,
          outputs!.map(({ outputTensorIndex = 0 }) => outputTensorIndex),
        );
        return to.map((tensor) => (tensor === from ? x.clone() : results[outputs!.indexOf(tensor)]!));
      }
      const values = new Map([[from, x]]);
      const computing = compute(values, false);
      try {
        while (tf.tidy(() => withFusions(fusions, () => computing.next().value as tf.Tensor[] | undefined)))
          await pause();
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
