import type { StateDict } from '../../checkpoint/index.js';
import type { Evaluation } from '../loop/index.js';
import type { EarlyStopping } from './options.js';

/** The best epoch so far. */
export interface Best {
  /** The measure that is watched; larger is better. */
  readonly value: number;
  /** Number of epochs since. */
  readonly since: number;
  readonly weights: StateDict;
}

/** Watches the validation, and keeps the weights of the best epoch. */
export class BestWeights {
  private best: Best | undefined;

  /** @param best the result of an earlier `state`, to continue from there. */
  constructor(
    private readonly options: Required<EarlyStopping>,
    best?: Best,
  ) {
    this.best = best;
  }

  /** Returns true if no epoch was better for so long that the stage is over. */
  get isOver(): boolean {
    return this.best !== undefined && this.best.since >= this.options.patience;
  }

  get state(): Best | undefined {
    return this.best;
  }

  /**
   * Takes in the validation of an epoch.
   * @param weights reads the weights that were validated. Called if they are the best.
   */
  async see(validation: Evaluation, weights: () => Promise<StateDict>): Promise<void> {
    // Larger is better. NaN is worse than any number, also if it comes first.
    const measured = this.options.monitor === 'loss' ? -validation.loss : validation.top1;
    const value = Number.isNaN(measured) ? Number.NEGATIVE_INFINITY : measured;
    if (!this.best || value > this.best.value) this.best = { value, since: 0, weights: await weights() };
    else this.best = { ...this.best, since: this.best.since + 1 };
  }
}
