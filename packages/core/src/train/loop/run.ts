import * as tf from '@tensorflow/tfjs-core';
import { breathe } from '#platform';
import type { Augment } from '../../data/augment/augment.js';
import type { Batch, BatchOptions, Dataset } from '../../data/dataset.js';
import { CnnzooError } from '../../errors.js';
import type { Preprocessing } from '../../images/prepare.js';
import { withSmallestBatch } from '../../layers/smallest-batch.js';
import { modelOf } from '../../net.js';
import { noteOutputActivation, outputActivationOf } from '../../output-activation.js';
import type { Random, RandomState } from '../../random.js';
import { weightsOf } from '../../weights/slots.js';
import type { StateDict } from '../../weights/tensors.js';
import type { Optimizer, OptimizerRun } from '../optim/index.js';
import { accumulate } from './accumulate.js';
import { checkBatch, checkFunction, classesOf } from './checks.js';
import { clipByGlobalNorm } from './clip.js';
import { batchesPerEpoch, checkEpochs, smallestBatch, stepsPerEpoch } from './epochs.js';
import { findNotFinite } from './finite.js';
import { defaultLoss, type Loss } from './loss.js';
import type { Images, Mix } from './mix.js';
import { PassState } from './pass-state.js';
import { type Differentiated, differentiate } from './step.js';
import type { Trainee } from './trainee.js';

/** One step, as it was taken. */
export interface Step {
  /** From 0. */
  readonly epoch: number;
  /** From 0, counted over the whole run, which has `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Of the images, before the step; where the net has auxiliary heads, with their weighted losses. */
  readonly loss: number;
  /** The loss of each output by itself: one number, and one more for each auxiliary head. */
  readonly losses: readonly number[];
  /** The share of the images whose largest logit was the label's, before the step: 0 to 1. */
  readonly accuracy: number;
  /** How many images. */
  readonly count: number;
  /** The sum that the loss' mean divided by: the images, unless the loss weighs them by class. */
  readonly weight: number;
}

export interface RunOptions {
  optimizer: Optimizer;
  epochs?: number;
  batchSize?: number;
  /** Default: `crossEntropy()`; of a net whose scores are sigmoids, `binaryCrossEntropy()`. */
  loss?: Loss;
  /** What the loss of each auxiliary head counts beside the first output's (Szegedy et al., 2014: 0.3). */
  auxiliaryWeight?: number;
  /** Whether every epoch takes the images in a new order, as it does unless told otherwise. */
  shuffle?: boolean;
  /** Leaves out the last batch of every epoch if it is smaller than the others, as PyTorch's drop_last. Default: false. */
  dropLast?: boolean;
  /** Changes each image each time it is used. */
  augment?: Augment;
  /** Mixes the images of a batch with one another: `mixup`, `cutmix`, or one of several, drawn for each batch. */
  mix?: Mix | readonly Mix[];
  /** The largest global norm of the gradients: larger ones are scaled down to it. */
  clipNorm?: number;
  /** How many batches make one step: the images of all of them are the optimizer's batch. */
  accumulate?: number;
  signal?: AbortSignal;
}

/** Where a run is: between two steps. Plain data. */
export interface Position {
  readonly epoch: number;
  /** Batches of that epoch that were used. */
  readonly batches: number;
  /** The next step. */
  readonly step: number;
  /** The generator as it was before the epoch drew its order, and as it is. */
  readonly epochRandom: RandomState;
  readonly random: RandomState;
}

/** What a run goes on from, beside the net's weights. */
export interface RunState {
  readonly position: Position;
  readonly optimizer: StateDict;
}

const noWeight = (step: number): CnnzooError =>
  new CnnzooError(
    'TRAINING',
    `The classes of all images of step ${step} have a weight of 0: there is nothing to divide their losses by. Give the ` +
      'classes weights above 0, leave their images out, or take larger batches.',
  );

/** A training, step by step: it holds all that the next step depends on but the weights. */
export class TrainingRun {
  readonly steps: number;
  private readonly optimizer: OptimizerRun;
  private readonly classes: number;
  private readonly mixes: readonly Mix[];
  private readonly trainee: Trainee;
  private readonly loss: Loss;
  private at: Position;
  /** Of the batches since the last step. */
  private pending: Differentiated | undefined;
  /** The net as it was before the batches since the last step. */
  private before: PassState | undefined;

  constructor(
    trainee: Trainee,
    private readonly data: Dataset,
    private readonly random: Random,
    private readonly options: RunOptions,
    private readonly preprocessing?: Preprocessing,
    state?: RunState,
  ) {
    const { epochs = 1, clipNorm, auxiliaryWeight = 0.3 } = options;
    checkEpochs(data.size, options);
    if (clipNorm !== undefined && !(clipNorm > 0))
      throw new CnnzooError('INPUT', `expected clipNorm above 0, received ${clipNorm}.`);
    if (!(auxiliaryWeight >= 0 && Number.isFinite(auxiliaryWeight)))
      throw new CnnzooError('INPUT', `expected auxiliaryWeight of at least 0, received ${auxiliaryWeight}.`);
    checkFunction('loss', options.loss, 'crossEntropy()');
    checkFunction('augment', options.augment, 'horizontalFlip()');
    for (const mix of [options.mix].flat()) checkFunction('mix', mix, 'mixup()');
    if (typeof options.optimizer?.start !== 'function')
      throw new CnnzooError(
        'INPUT',
        `train: expected an optimizer, e.g. sgd({ lr: 0.01 }), received ${options.optimizer}.`,
      );
    const smallest = smallestBatch(data.size, options);
    this.trainee = { ...trainee, apply: (...args) => withSmallestBatch(smallest, () => trainee.apply(...args)) };
    this.mixes = [options.mix ?? []].flat();
    this.classes = classesOf(trainee.model);
    this.loss = options.loss ?? defaultLoss(outputActivationOf(trainee.model));
    // Of a run that goes on, the steps before trained it so.
    if (state && this.loss.activation) noteOutputActivation(trainee.model, this.loss.activation);
    this.steps = epochs * stepsPerEpoch(data.size, options);
    if (state) random.state = state.position.random;
    const start = random.state;
    this.at = state?.position ?? { epoch: 0, batches: 0, step: 0, epochRandom: start, random: start };
    const keys = weightsOf(trainee.model).map(({ key }) => key);
    this.optimizer = options.optimizer.start(keys, state?.optimizer);
  }

  get position(): Position {
    return this.at;
  }

  /** Between steps: what a run that goes on from here needs beside the weights. */
  state(): RunState {
    return { position: this.at, optimizer: this.optimizer.state() };
  }

  /** Takes the steps that are left, each when it is asked for. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Step, void, void> {
    const { epochs = 1 } = this.options;
    try {
      while (this.at.epoch < epochs) yield* this.epoch();
    } finally {
      this.disposePending();
      // What a step that was not taken has changed: the net, and what its batches drew.
      this.before?.restore();
      this.before = undefined;
      this.random.state = this.at.random;
    }
  }

  dispose(): void {
    this.optimizer.dispose();
  }

  /** What is left of an epoch. */
  private async *epoch(): AsyncGenerator<Step, void, void> {
    const { batchSize = 32, accumulate: perStep = 1, dropLast = false } = this.options;
    const { epoch, batches: done, epochRandom, random } = this.at;
    const batchesInAll = batchesPerEpoch(this.data.size, this.options);
    this.random.state = epochRandom;
    let batches = done;
    for await (const batch of this.data.batches(this.batchOptions(done))) {
      // The order was drawn before the first batch; from here on the run draws what it would have drawn uninterrupted.
      if (batches === done && done > 0) this.random.state = random;
      await this.pass(batch);
      batches++;
      const isLast = batches === batchesInAll;
      if (batches % perStep !== 0 && !isLast) continue;
      const step = await this.takeStep();
      if (isLast) await this.checkWeights(step);
      const now = this.random.state;
      this.at = {
        epoch: isLast ? epoch + 1 : epoch,
        batches: isLast ? 0 : batches,
        step: step.step + 1,
        epochRandom: isLast ? now : epochRandom,
        random: now,
      };
      yield step;
      if (isLast && dropLast) break;
    }
    if (batches !== batchesInAll)
      throw new CnnzooError(
        'INPUT',
        `The data set says it holds ${this.data.size} images, ${batchesInAll} batches of ${batchSize}: received ${batches}.`,
      );
  }

  private batchOptions(skip: number): BatchOptions {
    const { batchSize = 32, shuffle = true, augment, signal } = this.options;
    const { random, preprocessing } = this;
    return {
      batchSize,
      ...(shuffle && { shuffle: random }),
      ...(augment && { augment: { transform: augment, random } }),
      ...(preprocessing && { preprocessing }),
      ...(skip > 0 && { skip }),
      ...(signal && { signal }),
    };
  }

  /** Forward and backward. Takes the batch over. */
  private async pass(batch: Batch): Promise<void> {
    const { auxiliaryWeight = 0.3, signal } = this.options;
    const { random, mixes, at, loss } = this;
    let images: Images = batch;
    try {
      await breathe(`The training, before step ${at.step},`, signal);
      modelOf(this.trainee);
      await checkBatch('train', this.trainee, batch, this.classes);
      this.before ??= new PassState(this.trainee.model);
      const mix = mixes.length > 1 ? mixes[random.integer(mixes.length)] : mixes[0];
      if (mix) images = mix(batch, this.classes, random);
      const differentiated = await differentiate(this.trainee, images, { loss, auxiliaryWeight, random }, at.step);
      this.pending = this.pending ? accumulate(this.pending, differentiated) : differentiated;
    } finally {
      tf.dispose([batch.x, batch.y, images.x, images.y]);
    }
  }

  private async takeStep(): Promise<Step> {
    const { clipNorm } = this.options;
    await this.checkPending();
    if (clipNorm !== undefined)
      this.pending = { ...this.pending!, gradients: await clipByGlobalNorm(this.pending!.gradients, clipNorm) };
    const { gradients, loss, losses, accuracy, count, weight } = this.pending!;
    const { epoch, step } = this.at;
    if (weight === 0) throw noWeight(step);
    this.optimizer.update(gradients, step, this.steps);
    this.before!.commit();
    this.before = undefined;
    this.disposePending();
    if (this.loss.activation) noteOutputActivation(this.trainee.model, this.loss.activation);
    return { epoch, step, steps: this.steps, loss, losses, accuracy, count, weight };
  }

  /** Refuses a step that would leave the net with values that are not finite. */
  private async checkPending(): Promise<void> {
    const gradients = this.pending!.gradients.map(({ key, gradient }) => ({
      key: `the gradient of '${key}'`,
      tensor: gradient,
    }));
    const key = await findNotFinite([...gradients, ...this.before!.written]);
    if (key === undefined) return;
    throw new CnnzooError(
      'TRAINING',
      `The loss is finite at step ${this.at.step}, but not ${key}; the net is as it was after the step before. ` +
        'Lower the learning rate, or look for inputs that are not finite.',
    );
  }

  /** Refuses weights that a step has made too large: no loss comes after an epoch's last step to tell of them. */
  private async checkWeights({ step }: Step): Promise<void> {
    const trainable = new Set(this.trainee.model.trainableWeights);
    const weights = weightsOf(this.trainee.model).filter(({ variable }) => trainable.has(variable));
    const key = await findNotFinite(weights.map(({ key, variable }) => ({ key: `'${key}'`, tensor: variable.read() })));
    if (key === undefined) return;
    throw new CnnzooError(
      'TRAINING',
      `${key} is not finite after step ${step}, the last of its epoch. Lower the learning rate, and begin anew or go on ` +
        'from a checkpoint.',
    );
  }

  private disposePending(): void {
    if (this.pending) tf.dispose(this.pending.gradients.map(({ gradient }) => gradient));
    this.pending = undefined;
  }
}
