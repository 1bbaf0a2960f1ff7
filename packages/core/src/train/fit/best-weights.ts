import { CnnzooError } from '../../errors.js';
import type { StateDict } from '../../weights/tensors.js';
import type { Evaluation } from '../loop/index.js';
import type { EarlyStopping } from './options.js';

/** The best epoch so far, and how many came after it. */
export interface Best {
  readonly value: number;
  readonly since: number;
  readonly weights: StateDict;
}

/** Refuses a patience or a monitor that there is not. */
export function checkEarlyStopping({ patience, monitor = 'loss' }: EarlyStopping): void {
  if (!(patience > 0) || !['loss', 'top1'].includes(monitor))
    throw new CnnzooError(
      'INPUT',
      `fit: expected earlyStopping with patience above 0 and monitor 'loss' or 'top1', received ${patience} and ` +
        `'${monitor}'.`,
    );
}

/** Watches the validation, and keeps the weights of the best epoch. */
export class BestWeights {
  private best: Best | undefined;

  constructor(
    private readonly options: EarlyStopping,
    best?: Best,
  ) {
    this.best = best;
  }

  /** Whether there was no better epoch for so long that the stage is over. */
  get isOver(): boolean {
    return this.best !== undefined && this.best.since >= this.options.patience;
  }

  get state(): Best | undefined {
    return this.best;
  }

  /** @param weights the net's that were validated: asked for where they are the best. */
  see(validation: Evaluation, weights: () => StateDict): void {
    const { monitor = 'loss' } = this.options;
    // Larger is better. NaN is worse than any number, also where it comes first.
    const measured = monitor === 'loss' ? -validation.loss : validation.top1;
    const value = Number.isNaN(measured) ? Number.NEGATIVE_INFINITY : measured;
    if (!this.best || value > this.best.value) this.best = { value, since: 0, weights: weights() };
    else this.best = { ...this.best, since: this.best.since + 1 };
  }
}
