import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { isHalfPrecision } from '../../backend/late.js';
import { claimWeights, refuseCompiled } from '../../graph/index.js';
import { inputOf, partOf } from '../../graph/late.js';
import { CnnzooError } from '../../util/index.js';

/** The layers that are trained or evaluated: a whole net, or its layers after the frozen ones. */
export interface Trainee {
  /** The whole net, for its names and for the weights that are trainable. */
  readonly model: LayersModel;
  /** Shape of a batch, the number of images first. null stands for any size. */
  readonly input: readonly (number | null)[];
  /** Runs the layers on a batch. Returns logits [n, classes]: the first output's, then each auxiliary head's. */
  apply(x: Tensor, training: boolean): Tensor2D[];
  /** Runs the layers as in inference, and awaits `pause` after each. The logits are the caller's. */
  infer(x: Tensor, pause: () => Promise<void>): Promise<Tensor2D[]>;
}

/** Returns a whole net, to be trained. */
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

/** Returns the layers of a net after `from`, a tensor between its frozen layers and the rest. */
export function layersAfter(model: LayersModel, from: SymbolicTensor): Trainee {
  const { run, infer } = partOf(model, from, model.outputs);
  return { model, input: from.shape, apply: run as Trainee['apply'], infer: infer as Trainee['infer'] };
}

/**
 * Returns the number of classes that a net tells apart, which is the size of each of its outputs.
 * @throws CnnzooError SHAPE if the outputs are not logits [n, classes].
 */
export function classesOf({ name, outputs }: LayersModel): number {
  const classes = outputs[0]!.shape[1];
  if (classes && outputs.every(({ shape }) => shape.length === 2 && shape[1] === classes)) return classes;
  throw new CnnzooError(
    'SHAPE',
    `'${name}' gives ${outputs.map((output) => `[${output.shape}]`).join(' and ')}: expected logits [n, classes], and ` +
      'as many classes from each auxiliary head.',
  );
}

/**
 * Claims a net's weights for one training: two at once would each train on the other's steps. Returns the function
 * that gives the weights back.
 * @param where the function that trains, for the message.
 * @throws CnnzooError TRAINING if another training, of this net or of one that shares weights with it, is in progress; INPUT
 * for a net that was made by `compile`; BACKEND where the backend computes with float16.
 */
export function claim(where: string, model: LayersModel): () => void {
  refuseCompiled(where, model);
  if (isHalfPrecision())
    throw new CnnzooError(
      'BACKEND',
      `${where}: WebGL keeps tensors as float16 on this GPU, in which values below 6e-8, such as the eps of AdamW, are 0. ` +
        "Train after `await useBackend('webgpu')` or `useBackend('wasm')`; weights move along.",
    );
  const release = claimWeights(model);
  if (!release)
    throw new CnnzooError(
      'TRAINING',
      `${where}: '${model.name}' is being trained already. Await that training's end first: the promise of fit, or the ` +
        'loop over train, which must be left or returned from.',
    );
  return release;
}
