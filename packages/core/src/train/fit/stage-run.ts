import type { Augment } from '../../data/augment/augment.js';
import type { Dataset } from '../../data/dataset.js';
import { CnnzooError } from '../../errors.js';
import type { Preprocessing } from '../../images/prepare.js';
import { modelOf, type Net, preprocessingOf } from '../../net.js';
import { outputActivationOf } from '../../output-activation.js';
import type { Random } from '../../random.js';
import { loadStateDict, stateDict } from '../../weights/state-dict.js';
import { Ema, evaluateTrainee, type Step, stepsPerEpoch, type Trainee, TrainingRun, wholeNet } from '../loop/index.js';
import { BestWeights } from './best-weights.js';
import type { Checkpoints, FitState } from './checkpoints.js';
import { defaultAugment } from './default-augment.js';
import { advance, type EpochProgress, NO_PROGRESS } from './epoch-progress.js';
import { frozenFeatures } from './features/frozen-features.js';
import { type Frozen, frozenOf } from './frozen.js';
import type { EpochRecord } from './history.js';
import type { FitOptions } from './options.js';
import type { Reports } from './reports.js';
import type { Setup } from './setup.js';
import type { Stage } from './stages.js';

/** What all stages of a training share, and one stage's own. */
export interface StageContext {
  readonly net: Net;
  readonly data: Dataset;
  readonly options: FitOptions;
  readonly checkpoints: Checkpoints | undefined;
  readonly reports: Reports;
  readonly random: Random;
  /** Of the whole training: receives this stage's. */
  readonly epochs: EpochRecord[];
  /** undefined without checkpoints. */
  readonly setup: Setup | undefined;
  readonly seed: number;
  readonly stage: Stage;
  readonly index: number;
  /** Taken in the stages before. */
  readonly stepsBefore: number;
}

/** What the steps of a stage see: the images, or what the frozen part made of them. */
export interface Source {
  readonly trainee: Trainee;
  readonly data: Dataset;
  readonly validation: Dataset | undefined;
  readonly augment: Augment | undefined;
  readonly preprocessing: Preprocessing | undefined;
}

async function sourceOf(context: StageContext): Promise<Source> {
  const { net, data, options, stage } = context;
  const model = modelOf(net);
  const preprocessing = preprocessingOf(net);
  const augment =
    stage.augment === undefined ? defaultAugment(model, data, preprocessing) : (stage.augment ?? undefined);
  const whole = { trainee: wholeNet(model), data, validation: options.validation, augment, preprocessing };
  return (await frozenFeatures(whole, context)) ?? whole;
}

/** One stage of a training. */
export class StageRun {
  private progress: EpochProgress;

  private constructor(
    private readonly context: StageContext,
    private readonly source: Source,
    private readonly run: TrainingRun,
    private readonly ema: Ema | undefined,
    private readonly best: BestWeights | undefined,
    private readonly frozenAtStart: Frozen,
    from: FitState | undefined,
  ) {
    // Without a weight in it, the checkpoint is from before losses weighed images.
    this.progress = from ? { ...from.progress, weight: from.progress.weight ?? from.progress.images } : NO_PROGRESS;
  }

  static async begin(context: StageContext, from: FitState | undefined): Promise<StageRun> {
    const { net, stage, random, options } = context;
    const source = await sourceOf(context);
    const { augment: _, ...rest } = stage;
    const runOptions = {
      ...rest,
      ...(source.augment && { augment: source.augment }),
      ...(options.signal && { signal: options.signal }),
    };
    const ema = stage.ema && new Ema(net, stage.ema);
    try {
      if (from?.ema) await ema?.restore(from.ema);
      const best = stage.earlyStopping && new BestWeights(stage.earlyStopping, from?.best);
      const state = from && { position: from.position, optimizer: from.optimizer };
      const run = new TrainingRun(source.trainee, source.data, random, runOptions, source.preprocessing, state);
      return new StageRun(context, source, run, ema, best, frozenOf(modelOf(net)), from);
    } catch (error) {
      ema?.dispose();
      throw error;
    }
  }

  /** Takes the steps that are left, and gives the net the weights that the stage ends with. How many steps it had. */
  async toEnd(): Promise<number> {
    const { net, stage, checkpoints } = this.context;
    try {
      if (!this.best?.isOver) await this.takeSteps();
    } catch (error) {
      // The step that was under way is not part of the state.
      if (error instanceof CnnzooError && error.code === 'ABORTED') await this.write(checkpoints);
      throw error;
    }
    if (this.best?.state) await loadStateDict(net, this.best.state.weights);
    else if (this.ema && stage.epochs > 0) await loadStateDict(net, this.ema.state());
    return this.run.position.step;
  }

  dispose(): void {
    this.run.dispose();
    this.ema?.dispose();
  }

  private async takeSteps(): Promise<void> {
    const { stage, checkpoints, options } = this.context;
    const perEpoch = stepsPerEpoch(this.source.data.size, stage);
    // It was stopped while it validated.
    if (this.run.position.batches === 0 && this.progress.images > 0) {
      await this.endEpoch();
      await this.write(checkpoints);
      if (this.best?.isOver) return;
    }
    let mark = performance.now();
    for await (const step of this.run) {
      this.ema?.update();
      const seconds = (performance.now() - mark) / 1000;
      this.progress = advance(this.progress, step, seconds, options.stepLosses ?? false);
      const ends = this.run.position.batches === 0;
      const inEpoch = ends ? perEpoch : Math.ceil(this.run.position.batches / stage.accumulate);
      await this.report(step, inEpoch, perEpoch);
      if (ends) await this.endEpoch();
      if (ends || this.stepsSoFar % (checkpoints?.everySteps ?? 1) === 0) await this.write(checkpoints);
      if (this.best?.isOver) break;
      mark = performance.now();
    }
  }

  /** In the whole training. */
  private get stepsSoFar(): number {
    return this.context.stepsBefore + this.run.position.step;
  }

  private report(step: Step, inEpoch: number, stepsPerEpoch: number): Promise<void> {
    const { reports, epochs } = this.context;
    return reports.step(step, this.progress, { epoch: epochs.length, steps: this.stepsSoFar, inEpoch, stepsPerEpoch });
  }

  private async endEpoch(): Promise<void> {
    const { net, epochs, index, reports } = this.context;
    const { images, loss, weight, hits, seconds, losses } = this.progress;
    const validation = await this.validate();
    const record: EpochRecord = {
      epoch: epochs.length,
      stage: index,
      steps: this.stepsSoFar,
      loss: loss / weight,
      top1: hits / images,
      imagesPerSecond: images / Math.max(seconds, 1e-6),
      ...(validation && { validation }),
      ...(losses && { losses }),
    };
    epochs.push(record);
    this.progress = NO_PROGRESS;
    if (validation) this.best?.see(validation, () => this.ema?.state() ?? stateDict(net));
    await reports.epoch(record);
  }

  private async validate() {
    const { stage, options, reports } = this.context;
    const { trainee, validation, preprocessing } = this.source;
    if (!validation) return undefined;
    const { signal } = options;
    const onImages = (done: number, total: number) => reports.images('validation', done, total);
    const given = { onImages, ...(stage.loss && { loss: stage.loss }), ...(signal && { signal }) };
    const measure = () => evaluateTrainee(trainee, validation, given, preprocessing);
    const evaluation = await (this.ema ? this.ema.during(measure) : measure());
    if (!Number.isFinite(evaluation.loss))
      throw new CnnzooError(
        'TRAINING',
        `The validation's loss is ${evaluation.loss} after ${this.stepsSoFar} steps; the net has the weights of the last ` +
          'step. Look for inputs of the validation set that are not finite, or lower the learning rate.',
      );
    return evaluation;
  }

  private async write(checkpoints: Checkpoints | undefined): Promise<void> {
    if (!checkpoints || !this.context.setup) return;
    const { net, setup, seed, index, stepsBefore, epochs } = this.context;
    const { position, optimizer } = this.run.state();
    const best = this.best?.state;
    const state: FitState = {
      setup,
      seed,
      stage: index,
      stepsBefore,
      position,
      epochs,
      progress: this.progress,
      frozen: { atStart: this.frozenAtStart, now: frozenOf(modelOf(net)) },
      activation: outputActivationOf(modelOf(net)),
      model: stateDict(net),
      optimizer,
      ...(this.ema && { ema: this.ema.state() }),
      ...(best && { best }),
    };
    await checkpoints.write(state, this.stepsSoFar);
  }
}
