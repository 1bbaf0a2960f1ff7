import type { Dataset } from '../../data/late.js';
import { modelOf, type Net, outputActivationOf } from '../../graph/index.js';
import { loadStateDict, stateDict } from '../../state-dict/index.js';
import { CnnzooError, type Random } from '../../util/index.js';
import { Ema, type Evaluation, epochSizes, evaluateTrainee, type Step, TrainingRun } from '../loop/index.js';
import { BestWeights } from './best-weights.js';
import type { Checkpoints } from './checkpoints.js';
import type { CompleteFitOptions, Stage } from './complete-options.js';
import { type Frozen, frozenOf } from './freezing.js';
import { addStep, type EpochRecord, type EpochSums, NO_SUMS } from './history.js';
import type { Reports } from './reports.js';
import type { Setup } from './setup.js';
import { type StageData, stageData } from './stage-data.js';
import type { TrainingCheckpoint } from './training-checkpoint.js';

/** A whole training: everything that its stages share. */
export interface Training {
  readonly net: Net;
  readonly data: Dataset;
  readonly validation: Dataset | undefined;
  readonly options: CompleteFitOptions;
  readonly checkpoints: Checkpoints | undefined;
  readonly reports: Reports;
  readonly random: Random;
  /** Receives the records of each stage. */
  readonly epochs: EpochRecord[];
  /** undefined without checkpoints. */
  readonly setup: Setup | undefined;
  readonly seed: number;
}

/** One stage of a training in progress. */
export class StageRun {
  private sums: EpochSums;

  private constructor(
    private readonly training: Training,
    private readonly stage: Stage,
    private readonly index: number,
    private readonly stepsBefore: number,
    private readonly stageData: StageData,
    private readonly run: TrainingRun,
    private readonly ema: Ema | undefined,
    private readonly best: BestWeights | undefined,
    private readonly frozenAtStart: Frozen,
    from: TrainingCheckpoint | undefined,
  ) {
    // A checkpoint without a weight in its sums is from before losses weighed images.
    this.sums = from ? { ...from.progress, weight: from.progress.weight ?? from.progress.images } : NO_SUMS;
  }

  /**
   * Begins a stage, or continues it from a checkpoint.
   * @param stepsBefore number of steps taken in the stages before.
   */
  static async begin(
    training: Training,
    index: number,
    stepsBefore: number,
    from: TrainingCheckpoint | undefined,
  ): Promise<StageRun> {
    const { net, data, validation, options, reports, random, seed } = training;
    const stage = options.stages[index]!;
    const onImages = (done: number, total: number) => reports.images('features', done, total);
    const of = await stageData(net, data, validation, stage, { seed: seed + index, onImages });
    const { augment: _, ...runOptions } = stage;
    const ema = stage.ema && new Ema(net, stage.ema);
    try {
      if (from?.ema) await ema?.restore(from.ema);
      const best = stage.earlyStopping && new BestWeights(stage.earlyStopping, from?.best);
      const run = new TrainingRun(of, random, { ...runOptions, ...(of.augment && { augment: of.augment }) }, from);
      return new StageRun(training, stage, index, stepsBefore, of, run, ema, best, frozenOf(modelOf(net)), from);
    } catch (error) {
      ema?.dispose();
      throw error;
    }
  }

  /** Takes the remaining steps, and gives the net the weights that the stage ends with. Resolves to its number of steps. */
  async toEnd(): Promise<number> {
    const { net } = this.training;
    try {
      if (!this.best?.isOver) await this.takeSteps();
    } catch (error) {
      // The step that was interrupted is not part of the state.
      if (error instanceof CnnzooError && error.code === 'ABORTED') await this.writeCheckpoint();
      throw error;
    }
    if (this.best?.state) await loadStateDict(net, this.best.state.weights);
    else if (this.ema && this.stage.epochs > 0) await loadStateDict(net, await this.ema.state());
    return this.run.position.step;
  }

  dispose(): void {
    this.run.dispose();
    this.ema?.dispose();
  }

  private async takeSteps(): Promise<void> {
    const { checkpoints, options } = this.training;
    const perEpoch = epochSizes(this.stageData.data.size, this.stage).steps;
    // The checkpoint is from within the epoch's validation.
    if (this.run.position.batches === 0 && this.sums.images > 0) {
      await this.endEpoch();
      await this.writeCheckpoint();
      if (this.best?.isOver) return;
    }
    let mark = performance.now();
    for await (const step of this.run) {
      await this.ema?.update();
      this.sums = addStep(this.sums, step, (performance.now() - mark) / 1000, options.stepLosses);
      const ends = this.run.position.batches === 0;
      const inEpoch = ends ? perEpoch : Math.ceil(this.run.position.batches / this.stage.accumulate);
      await this.report(step, inEpoch, perEpoch);
      if (ends) await this.endEpoch();
      if (ends || this.stepsSoFar % (checkpoints?.everySteps ?? 1) === 0) await this.writeCheckpoint();
      if (this.best?.isOver) break;
      mark = performance.now();
    }
  }

  /** Number of steps taken in the whole training. */
  private get stepsSoFar(): number {
    return this.stepsBefore + this.run.position.step;
  }

  private report(step: Step, inEpoch: number, stepsPerEpoch: number): Promise<void> {
    const { reports, epochs } = this.training;
    return reports.step(step, this.sums, { epoch: epochs.length, steps: this.stepsSoFar, inEpoch, stepsPerEpoch });
  }

  private async endEpoch(): Promise<void> {
    const { net, epochs, reports } = this.training;
    const { images, loss, weight, hits, seconds, losses } = this.sums;
    const validation = await this.validate();
    const record: EpochRecord = {
      epoch: epochs.length,
      stage: this.index,
      steps: this.stepsSoFar,
      loss: loss / weight,
      top1: hits / images,
      imagesPerSecond: images / Math.max(seconds, 1e-6),
      ...(validation && { validation }),
      ...(losses && { losses }),
    };
    epochs.push(record);
    this.sums = NO_SUMS;
    if (validation) await this.best?.see(validation, () => this.ema?.state() ?? stateDict(net));
    await reports.epoch(record);
  }

  private async validate(): Promise<Evaluation | undefined> {
    const { trainee, validation, preprocessing } = this.stageData;
    if (!validation) return undefined;
    const { loss, signal } = this.stage;
    const onImages = (done: number, total: number) => this.training.reports.images('validation', done, total);
    const options = { onImages, ...(loss && { loss }), ...(signal && { signal }) };
    const measure = () => evaluateTrainee(trainee, validation, options, preprocessing);
    const evaluation = await (this.ema ? this.ema.during(measure) : measure());
    if (!Number.isFinite(evaluation.loss))
      throw new CnnzooError(
        'TRAINING',
        `The validation's loss is ${evaluation.loss} after ${this.stepsSoFar} steps; the net has the weights of the last ` +
          'step. Look for inputs of the validation set that are not finite, or lower the learning rate.',
      );
    return evaluation;
  }

  private async writeCheckpoint(): Promise<void> {
    const { net, checkpoints, setup, seed, epochs } = this.training;
    if (!checkpoints || !setup) return;
    const best = this.best?.state;
    // Called together: all are of the same step.
    const [{ position, optimizer }, model, ema] = await Promise.all([
      this.run.state(),
      stateDict(net),
      this.ema?.state(),
    ]);
    const state: TrainingCheckpoint = {
      setup,
      seed,
      stage: this.index,
      stepsBefore: this.stepsBefore,
      position,
      epochs,
      progress: this.sums,
      frozen: { atStart: this.frozenAtStart, now: frozenOf(modelOf(net)) },
      activation: outputActivationOf(modelOf(net)),
      model,
      optimizer,
      ...(ema && { ema }),
      ...(best && { best }),
    };
    await checkpoints.write(state, this.stepsSoFar);
  }
}
