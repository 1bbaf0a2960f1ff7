import { appendText, namesIn, pathOf, readFile, writeFileAtomic } from '#platform';
import type { Step } from '../loop/index.js';
import type { EpochRecord, EpochSums, ImageWork } from './history.js';
import type { FitOptions } from './options.js';

export interface ReportOptions extends Pick<FitOptions, 'log' | 'onProgress' | 'onStep' | 'onEpoch' | 'onImages'> {
  readonly seed: number;
  /** Epochs of the whole training. */
  readonly epochs: number;
  /** Steps of the whole training. */
  readonly steps: number;
  /** Number of steps that the training continues from; undefined for a training that begins. */
  readonly resumed: number | undefined;
}

/** The place of a step that was taken, counted in the whole training and in its epoch. */
interface StepPlace {
  readonly epoch: number;
  /** Steps taken in the whole training, this one included. */
  readonly steps: number;
  /** Steps taken in the epoch, this one included. */
  readonly inEpoch: number;
  readonly stepsPerEpoch: number;
}

/** Writes the log and calls the caller's functions. */
export class Reports {
  /** Milliseconds spent on steps and on work that recurs in every epoch. */
  private spent = 0;
  /** Time of the last event, in milliseconds. */
  private mark = performance.now();
  /** Fraction of the whole training's steps that are taken: 0 to 1. */
  private fraction: number;

  private constructor(
    private readonly options: ReportOptions,
    private readonly log: RunLog | undefined,
  ) {
    const { resumed = 0, steps } = options;
    this.fraction = steps > 0 ? resumed / steps : 0;
  }

  static async open(options: ReportOptions): Promise<Reports> {
    const { log, seed, resumed } = options;
    return new Reports(options, log === undefined ? undefined : await RunLog.open(log, seed, resumed));
  }

  async step(step: Step, sums: EpochSums, { epoch, steps, inEpoch, stepsPerEpoch }: StepPlace): Promise<void> {
    const { epochs, steps: all, resumed = 0, onProgress, onStep } = this.options;
    const now = performance.now();
    this.spent += now - this.mark;
    this.mark = now;
    this.fraction = steps / all;
    onProgress?.({
      work: 'training',
      fraction: this.fraction,
      epoch,
      epochs,
      done: inEpoch,
      total: stepsPerEpoch,
      loss: sums.loss / sums.weight,
      top1: sums.hits / sums.images,
      imagesPerSecond: sums.images / Math.max(sums.seconds, 1e-6),
      secondsLeft: (this.spent / 1000 / (steps - resumed)) * (all - steps),
    });
    const { loss, accuracy, count } = step;
    this.log?.add({ event: 'step', epoch, steps, loss, accuracy, count });
    await this.log?.flush();
    onStep?.(step);
  }

  images(work: ImageWork, done: number, total: number): void {
    // Features are computed once: the steps to come won't take as long.
    if (work === 'features') this.mark = performance.now();
    this.options.onProgress?.({ work, fraction: this.fraction, done, total });
    this.options.onImages?.(work, done, total);
  }

  async epoch(record: EpochRecord): Promise<void> {
    this.log?.add({ event: 'epoch', ...record });
    await this.log?.flush();
    this.options.onEpoch?.(record);
  }

  end(): void {
    this.options.onProgress?.({ work: 'ended', fraction: this.fraction });
  }
}

/** Returns the number of steps in a line; undefined for a line that is damaged, or not of this log. */
function stepsIn(line: string): number | undefined {
  try {
    const { steps } = JSON.parse(line);
    return typeof steps === 'number' ? steps : undefined;
  } catch {
    return undefined;
  }
}

/** A file with lines of JSON: one for the beginning of a run, one for every step, one for every epoch. */
class RunLog {
  private waiting = '';

  private constructor(private readonly path: string) {}

  /**
   * Opens the file, and adds a line for a run that begins.
   * @param resumed number of steps that the run continues from. Lines of later steps are removed. A run that was killed
   * before its first checkpoint begins anew, here too.
   */
  static async open(location: string | URL, seed: number, resumed: number | undefined): Promise<RunLog> {
    const log = new RunLog(pathOf(location));
    const { lines, isCut } = await log.read();
    const start = lines.findLastIndex((line) => line.startsWith('{"event":"start"'));
    const continues = resumed !== undefined && start >= 0;
    const stays = (line: string, i: number): boolean => i <= start || (stepsIn(line) ?? 0) <= resumed!;
    const kept = continues ? lines.filter(stays) : lines;
    if (isCut || kept.length < lines.length) await log.rewrite(kept);
    if (continues) return log;
    log.add({ event: 'start', seed });
    await log.flush();
    return log;
  }

  /** Adds a line, which `flush` writes. */
  add(line: object): void {
    this.waiting += `${JSON.stringify(line)}\n`;
  }

  /** Writes the lines that were added. */
  async flush(): Promise<void> {
    const text = this.waiting;
    this.waiting = '';
    if (!text) return;
    await appendText(this.path, text);
  }

  /** Resolves to the whole lines of the file, none if there is no file. `isCut`: another line was cut short. */
  private async read(): Promise<{ lines: string[]; isCut: boolean }> {
    const slash = Math.max(this.path.lastIndexOf('/'), this.path.lastIndexOf('\\'));
    const directory = slash < 0 ? '.' : this.path.slice(0, slash) || '/';
    if (!(await namesIn(directory)).includes(this.path.slice(slash + 1))) return { lines: [], isCut: false };
    const lines = new TextDecoder().decode(await readFile(this.path)).split('\n');
    const rest = lines.pop();
    return { lines, isCut: rest !== '' };
  }

  private async rewrite(lines: readonly string[]): Promise<void> {
    await writeFileAtomic(this.path, [new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''))]);
  }
}
