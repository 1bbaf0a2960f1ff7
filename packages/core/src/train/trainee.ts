import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** What is trained or evaluated: a net, or the part of one behind its frozen layers. */
export interface Trainee {
  /** The whole net: its names, and the weights that are trainable. */
  readonly model: LayersModel;
  /** A batch -> logits [n, classes], and those of each auxiliary head. */
  apply(x: Tensor, training: boolean): Tensor2D[];
}

export const wholeNet = (model: LayersModel): Trainee => ({
  model,
  apply: (x, training) => [model.apply(x, { training })].flat() as Tensor2D[],
});
