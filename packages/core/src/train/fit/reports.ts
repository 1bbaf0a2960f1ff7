import type { Step } from '../training-run.js';
import type { EpochProgress } from './epoch-progress.js';
import type { EpochRecord } from './history.js';
import { RunLog } from './log.js';
import type { FitOptions } from './options.js';
import { type ProgressBar, progressLine } from './progress-line.js';

export interface ReportOptions extends Pick<FitOptions, 'log' | 'progress' | 'onStep' | 'onEpoch'> {
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
  private readonly begun = performance.now();

  private constructor(
    private readonly options: ReportOptions,
    private readonly bar: ProgressBar | undefined,
    private readonly log: RunLog | undefined,
  ) {}

  static async open(options: ReportOptions): Promise<Reports> {
    const { progress = true, log, seed, resumed } = options;
    const { progressBar } = await import('#platform');
    const file = log === undefined ? undefined : await RunLog.open(log, seed, resumed);
    return new Reports(options, progress ? await progressBar() : undefined, file);
  }

  async step(step: Step, progress: EpochProgress, { epoch, steps, inEpoch, stepsPerEpoch }: Place): Promise<void> {
    const { epochs, steps: all, resumed = 0, onStep } = this.options;
    if (this.bar) {
      const seconds = (performance.now() - this.begun) / 1000;
      const left = (seconds / (steps - resumed)) * (all - steps);
      this.bar.update(steps / all, progressLine({ epoch, epochs, step: inEpoch, stepsPerEpoch, progress, left }));
    }
    const { loss, accuracy, count } = step;
    this.log?.add({ event: 'step', epoch, steps, loss, accuracy, count });
    await this.log?.flush();
    onStep?.(step);
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
