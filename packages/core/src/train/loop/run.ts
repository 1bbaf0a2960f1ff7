import type { StateDict } from '../../checkpoint/index.js';
import type { Batch, BatchOptions, Dataset } from '../../data/late.js';
import { noteOutputActivation, outputActivationOf, weightsOf } from '../../graph/index.js';
import type { Preprocessing } from '../../images/index.js';
import { CnnzooError, type Random, type RandomState } from '../../util/index.js';
import { findNotFinite } from './checks.js';
import { defaultLoss } from './loss.js';
import { type CompleteRunOptions, type EpochSizes, epochSizes } from './options.js';
import { type Step, type StepSettings, trainStep } from './step.js';
import { classesOf, type Trainee } from './trainee.js';

/** The place of a run between two steps. Plain data, which training checkpoints hold under these names. */
export interface Position {
  readonly epoch: number;
  /** Batches of that epoch that were used. */
  readonly batches: number;
  /** The next step. */
  readonly step: number;
  /** State of the random generator before the epoch drew its order. */
  readonly epochRandom: RandomState;
  /** State of the random generator at this place. */
  readonly random: RandomState;
}

/** Everything that a run continues from, beside the net's weights. */
export interface RunState {
  readonly position: Position;
  readonly optimizer: StateDict;
}

/** The layers to train and the images to train them on. */
export interface RunInput {
  readonly trainee: Trainee;
  readonly data: Dataset;
  /** The net's preprocessing of images. */
  readonly preprocessing?: Preprocessing | undefined;
}

/** A run over epochs, step by step. Holds everything that the next step depends on but the weights. */
export class TrainingRun {
  /** Number of steps of the whole run. */
  readonly steps: number;
  private readonly sizes: EpochSizes;
  private readonly settings: StepSettings;
  private at: Position;

  /**
   * @param random source of order, augmentation, mixing and dropout; set to the state's if the run continues.
   * @param state the result of an earlier run's `state`, to continue from there.
   */
  constructor(
    private readonly input: RunInput,
    private readonly random: Random,
    private readonly options: CompleteRunOptions,
    state?: RunState,
  ) {
    const { trainee, data } = input;
    const { model } = trainee;
    const { epochs, auxiliaryWeight, clipNorm, mix, signal } = options;
    this.sizes = epochSizes(data.size, options);
    this.steps = epochs * this.sizes.steps;
    const classes = classesOf(model);
    const loss = options.loss ?? defaultLoss(outputActivationOf(model));
    // The steps before have trained the net so.
    if (state && loss.activation) noteOutputActivation(model, loss.activation);
    if (state) random.state = state.position.random;
    const start = random.state;
    this.at = state?.position ?? { epoch: 0, batches: 0, step: 0, epochRandom: start, random: start };
    const keys = weightsOf(model).map(({ key }) => key);
    this.settings = {
      trainee,
      classes,
      optimizer: options.optimizer.start(keys, state?.optimizer),
      loss,
      auxiliaryWeight,
      mixes: [mix ?? []].flat(),
      clipNorm,
      smallestBatch: this.sizes.smallestBatch,
      random,
      signal,
    };
  }

  get position(): Position {
    return this.at;
  }

  /** Reads everything, beside the weights, that a run needs to continue from here. To be called between steps. */
  async state(): Promise<RunState> {
    const { at: position } = this;
    return { position, optimizer: await this.settings.optimizer.state() };
  }

  /** Takes the remaining steps, each when it is asked for. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Step, void, void> {
    try {
      while (this.at.epoch < this.options.epochs) yield* this.epoch();
    } finally {
      // Takes back the draws of a step that was not taken.
      this.random.state = this.at.random;
    }
  }

  dispose(): void {
    this.settings.optimizer.dispose();
  }

  /** Takes the remaining steps of an epoch. */
  private async *epoch(): AsyncGenerator<Step, void, void> {
    const { steps, sizes, settings, random } = this;
    const { accumulate, dropLast } = this.options;
    const { epoch, batches: done, epochRandom } = this.at;
    random.state = epochRandom;
    const batches = this.batches(done);
    try {
      for (let used = done; used < sizes.batches; ) {
        const count = Math.min(accumulate, sizes.batches - used);
        const step = await trainStep(settings, batches, count, { epoch, step: this.at.step, steps });
        if (settings.loss.activation) noteOutputActivation(settings.trainee.model, settings.loss.activation);
        used += count;
        const isLast = used === sizes.batches;
        if (isLast) await this.checkWeights(step);
        const now = random.state;
        this.at = {
          epoch: isLast ? epoch + 1 : epoch,
          batches: isLast ? 0 : used,
          step: step.step + 1,
          epochRandom: isLast ? now : epochRandom,
          random: now,
        };
        yield step;
      }
      // Throws for a data set with more batches than it says.
      if (!dropLast) await batches.next();
    } finally {
      await batches.return();
    }
  }

  /**
   * Hands out the batches of an epoch.
   * @param skip batches to leave out at the start.
   * @throws CnnzooError INPUT for a data set that holds more or fewer batches than it says.
   */
  private async *batches(skip: number): AsyncGenerator<Batch, void, void> {
    const { batchSize, shuffle, augment, signal } = this.options;
    const { random, sizes } = this;
    const { data, preprocessing } = this.input;
    const { random: atStart } = this.at;
    const options: BatchOptions = {
      batchSize,
      ...(shuffle && { shuffle: random }),
      ...(augment && { augment: { transform: augment, random } }),
      ...(preprocessing && { preprocessing }),
      ...(skip > 0 && { skip }),
      ...(signal && { signal }),
    };
    const differs = (received: string): CnnzooError =>
      new CnnzooError(
        'INPUT',
        `The data set says it holds ${data.size} images, ${sizes.batches} batches of ${batchSize}: received ${received}.`,
      );
    let count = skip;
    for await (const batch of data.batches(options)) {
      // The order was drawn before the first batch. From here on the run draws as it would have without interruption.
      if (count === skip && skip > 0) random.state = atStart;
      if (count === sizes.batches) {
        batch.x.dispose();
        batch.y.dispose();
        throw differs('more');
      }
      count++;
      yield batch;
    }
    if (count !== sizes.batches) throw differs(`${count}`);
  }

  /** Refuses weights that are not finite after an epoch's last step: no later loss of the epoch would show them. */
  private async checkWeights({ step }: Step): Promise<void> {
    const { model } = this.settings.trainee;
    const trainable = new Set(model.trainableWeights);
    const weights = weightsOf(model).filter(({ variable }) => trainable.has(variable));
    const key = await findNotFinite(weights.map(({ key, variable }) => ({ key: `'${key}'`, tensor: variable.read() })));
    if (key === undefined) return;
    throw new CnnzooError(
      'TRAINING',
      `${key} is not finite after step ${step}, the last of its epoch. Lower the learning rate, and begin anew or go on ` +
        'from a checkpoint.',
    );
  }
}
