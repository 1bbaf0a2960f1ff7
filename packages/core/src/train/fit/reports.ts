import type { Step } from '../training-run.js';
import type { EpochProgress } from './epoch-progress.js';
import type { EpochRecord } from './history.js';
import { RunLog } from './log.js';
import type { FitOptions, ImageWork } from './options.js';
import { type ProgressBar, progressLine } from './progress-line.js';

export interface ReportOptions extends Pick<FitOptions, 'log' | 'progress' | 'onStep' | 'onEpoch' | 'onImages'> {
  readonly seed: number;
  /** Epochs and steps of the whole training. */
  readonly epochs: number;
  readonly steps: number;
  /** Steps that were taken before, where it goes on. */
  readonly resumed: number | undefined;
}

/** Where a step is in the whole training. */
export interface Place {
  readonly epoch: number;
  /** Steps taken, this one too. */
  readonly steps: number;
  /** In its epoch, this one too, of so many. */
  readonly inEpoch: number;
  readonly stepsPerEpoch: number;
}

/** Tells whoever wants to know: the bar on the terminal, the log, the caller's own functions. */
export class Reports {
  /** Milliseconds that steps took, with what comes back in every epoch; and since when they are counted. */
  private spent = 0;
  private mark = performance.now();
  /** Of the whole training, 0 to 1. */
  private share: number;

  private constructor(
    private readonly options: ReportOptions,
    private readonly bar: ProgressBar | undefined,
    private readonly log: RunLog | undefined,
  ) {
    const { resumed = 0, steps } = options;
    this.share = steps > 0 ? resumed / steps : 0;
  }

  static async open(options: ReportOptions): Promise<Reports> {
    const { progress = true, log, seed, resumed } = options;
    const { progressBar } = await import('#platform');
    const file = log === undefined ? undefined : await RunLog.open(log, seed, resumed);
    return new Reports(options, progress ? await progressBar() : undefined, file);
  }

  async step(step: Step, progress: EpochProgress, { epoch, steps, inEpoch, stepsPerEpoch }: Place): Promise<void> {
    const { epochs, steps: all, resumed = 0, onStep } = this.options;
    const now = performance.now();
    this.spent += now - this.mark;
    this.mark = now;
    this.share = steps / all;
    const left = (this.spent / 1000 / (steps - resumed)) * (all - steps);
    this.bar?.update(this.share, progressLine({ epoch, epochs, step: inEpoch, stepsPerEpoch, progress, left }));
    const { loss, accuracy, count } = step;
    this.log?.add({ event: 'step', epoch, steps, loss, accuracy, count });
    await this.log?.flush();
    onStep?.(step);
  }

  images(work: ImageWork, done: number, total: number): void {
    // Features are computed once: the steps to come won't take as long.
    if (work === 'features') this.mark = performance.now();
    this.bar?.update(this.share, `${work}  ${done}/${total}`);
    this.options.onImages?.(work, done, total);
  }

  async epoch(record: EpochRecord): Promise<void> {
    this.log?.add({ event: 'epoch', ...record });
    await this.log?.flush();
    this.options.onEpoch?.(record);
  }

  end(): void {
    this.bar?.end();
  }
}
