import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { inputOf } from '../../input.js';
import { partOf } from '../../layers/part.js';

/** What is trained or evaluated: a net, or the part of one behind its frozen layers. */
export interface Trainee {
  /** The whole net: its names, and the weights that are trainable. */
  readonly model: LayersModel;
  /** Shape of a batch, the number of images first; null: any. */
  readonly input: readonly (number | null)[];
  /** A batch -> logits [n, classes], and those of each auxiliary head. */
  apply(x: Tensor, training: boolean): Tensor2D[];
  /** The same in inference, layer by layer, awaiting `pause` after each. The logits are the caller's. */
  infer(x: Tensor, pause: () => Promise<void>): Promise<Tensor2D[]>;
}

export function wholeNet(model: LayersModel): Trainee {
  const from = inputOf(model);
  const { infer } = partOf(model, from, model.outputs);
  return {
    model,
    input: from.shape,
    apply: (x, training) => [model.apply(x, { training })].flat() as Tensor2D[],
    infer: infer as Trainee['infer'],
  };
}

/** The layers of a net behind a tensor that its frozen layers give. */
export function restOfNet(model: LayersModel, from: SymbolicTensor): Trainee {
  const { run, infer } = partOf(model, from, model.outputs);
  return { model, input: from.shape, apply: run as Trainee['apply'], infer: infer as Trainee['infer'] };
}
