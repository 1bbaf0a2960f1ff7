import * as tf from '@tensorflow/tfjs-core';
import { accelerateWasm } from '../backend/accelerate.js';
import { requireBackend } from '../backend/require.js';
import type { Augment, Batch, Dataset } from '../data/dataset.js';
import { CnnzooError } from '../errors.js';
import { modelOf, type Net } from '../net.js';
import { Random } from '../random.js';
import { weightsOf } from '../weights/slots.js';
import { accumulate } from './accumulate.js';
import { checkTargets, checkWhole, classesOf } from './checks.js';
import { clipByGlobalNorm } from './clip.js';
import { type Differentiated, differentiate } from './differentiate.js';
import { crossEntropy, type Loss } from './loss.js';
import type { Images, Mix } from './mix.js';
import type { Optimizer } from './optimizer.js';

/** One step, as it was taken. */
export interface Step {
  /** From 0. */
  readonly epoch: number;
  /** From 0, counted over the whole run, which has `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Of the batch, before the step; where the net has auxiliary heads, with their weighted losses. */
  readonly loss: number;
  /** The loss of each output by itself: one number, and one more for each auxiliary head. */
  readonly losses: readonly number[];
  /** The share of the batch whose largest logit was the label's, before the step: 0 to 1. */
  readonly accuracy: number;
}

export interface TrainOptions {
  optimizer: Optimizer;
  epochs?: number;
  batchSize?: number;
  /** Mean cross-entropy unless given. */
  loss?: Loss;
  /** What the loss of each auxiliary head counts beside the first output's (Szegedy et al., 2014: 0.3). */
  auxiliaryWeight?: number;
  /** Changes each image each time it is used. */
  augment?: Augment;
  /** Mixes the images of a batch with one another: `mixup`, `cutmix`, or one of several, drawn for each batch. */
  mix?: Mix | readonly Mix[];
  /** The largest global norm of the gradients: larger ones are scaled down to it. */
  clipNorm?: number;
  /** How many batches make one step: the images of all of them are the optimizer's batch. */
  accumulate?: number;
  /** What order, augmentation, mixing and dropout are drawn from: the same seed repeats the run. */
  random?: Random;
  signal?: AbortSignal;
}

/**
 * Trains a net that classifies, and yields after every step; to stop, leave the loop. Every epoch takes the images in a
 * new order. Updates the weights that are trainable at that step, so layers can be frozen and freed on the way. Where
 * it throws, the trainable weights are those of the last step yielded; BatchNorm's statistics may have seen its batch.
 * @throws CnnzooError TRAINING where the loss is not finite or nothing is trainable, ABORTED by the signal.
 */
export async function* train(net: Net, data: Dataset, options: TrainOptions): AsyncGenerator<Step, void, void> {
  const { optimizer, epochs = 1, batchSize = 32, augment, clipNorm, accumulate: batchesPerStep = 1, signal } = options;
  const { loss = crossEntropy(), auxiliaryWeight = 0.3, random = new Random() } = options;
  const mixes = [options.mix ?? []].flat();
  const model = modelOf(net);
  requireBackend('train');
  await accelerateWasm();
  checkWhole('epochs', epochs, 0);
  checkWhole('batchSize', batchSize, 1);
  checkWhole('accumulate', batchesPerStep, 1);
  if (clipNorm !== undefined && !(clipNorm > 0))
    throw new CnnzooError('INPUT', `expected clipNorm above 0, received ${clipNorm}.`);
  const classes = classesOf(model);
  const steps = epochs * Math.ceil(Math.ceil(data.size / batchSize) / batchesPerStep);
  const batching = { batchSize, shuffle: random, ...(augment && { augment: { transform: augment, random } }) };
  const run = optimizer.start(weightsOf(model).map(({ key }) => key));
  let step = 0;
  /** Of the batches since the last step. */
  let pending: Differentiated | undefined;
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      let batches = 0;
      for await (const batch of data.batches(batching)) {
        const differentiated = await pass(batch);
        pending = pending ? accumulate(pending, differentiated) : differentiated;
        if (++batches % batchesPerStep === 0) yield await takeStep(epoch);
      }
      if (pending) yield await takeStep(epoch);
    }
  } finally {
    disposePending();
    run.dispose();
  }

  /** Forward and backward. Takes the batch over. */
  async function pass(batch: Batch): Promise<Differentiated> {
    let images: Images = batch;
    try {
      if (signal?.aborted)
        throw new CnnzooError('ABORTED', `The training was stopped by its signal before step ${step}.`, {
          cause: signal.reason,
        });
      await checkTargets(batch, classes);
      const mix = mixes.length > 1 ? mixes[random.integer(mixes.length)] : mixes[0];
      if (mix) images = mix(batch, classes, random);
      return await differentiate(model, images, { loss, auxiliaryWeight, random }, step);
    } finally {
      tf.dispose([batch.x, batch.y, images.x, images.y]);
    }
  }

  async function takeStep(epoch: number): Promise<Step> {
    if (clipNorm !== undefined)
      pending = { ...pending!, gradients: await clipByGlobalNorm(pending!.gradients, clipNorm) };
    const { gradients, loss, losses, accuracy } = pending!;
    run.update(gradients, step, steps);
    disposePending();
    return { epoch, step: step++, steps, loss, losses, accuracy };
  }

  function disposePending(): void {
    if (pending) tf.dispose(pending.gradients.map(({ gradient }) => gradient));
    pending = undefined;
  }
}
