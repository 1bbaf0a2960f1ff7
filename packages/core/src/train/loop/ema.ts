import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { StateDict } from '../../checkpoint/index.js';
import { isDisposed, modelOf, type Net, type Slot, slotsOf } from '../../graph/index.js';
import { loadStateDict } from '../../state-dict/index.js';
import { type Keyed, Snapshot } from '../../state-dict/late.js';
import { CnnzooError, checkOptions, shownValue } from '../../util/index.js';
import { findNotFinite } from './checks.js';

/** Options of an exponential moving average. */
export interface EmaOptions {
  /** Fraction of the average that each step keeps, at least 0 and below 1: 0.999 averages over some 1000 steps. */
  decay: number;
}

/**
 * Exponential moving average of a net's weights and running statistics, which begins at the net's values:
 * average += (1 - decay) (value - average), once a step. A value that never changes in the net keeps its bits here.
 * Source: Polyak and Juditsky, 1992, in the form of timm's ModelEmaV2. Owns tensors until `dispose`.
 *
 * @example
 * ```ts
 * import { load } from '@cnnzoo/core';
 * import { imageFolder } from '@cnnzoo/core/data';
 * import { Ema, evaluate, sgd, train } from '@cnnzoo/core/train';
 *
 * const net = await load('my-net');
 * const data = await imageFolder('flowers');
 * const ema = new Ema(net, { decay: 0.999 });
 * for await (const _ of train(net, data.train, { optimizer: sgd({ lr: 0.01 }) })) await ema.update();
 * const { top1 } = await ema.during(() => evaluate(net, data.train));
 * ema.dispose();
 * ```
 */
export class Ema {
  private readonly slots: readonly Slot[];
  private readonly averages: readonly tf.Variable[];
  /** End of the latest update; undefined once it is over. */
  private pending: Promise<void> | undefined;
  /** Number of calls of `during` in progress. */
  private users = 0;
  private isDisposed = false;

  /**
   * @param net the net to average; it stays the caller's.
   * @throws CnnzooError INPUT for a `decay` out of its range, or a net whose weights have no place in a state dict.
   */
  constructor(
    private readonly net: Net,
    private readonly options: EmaOptions,
  ) {
    checkOptions('Ema', options, ['decay']);
    const { decay } = options;
    if (typeof decay !== 'number' || !(decay >= 0 && decay < 1))
      throw new CnnzooError('INPUT', `Ema: expected decay of at least 0 and below 1, received ${shownValue(decay)}.`);
    this.slots = slotsOf(modelOf(net));
    this.averages = this.slots.map(({ variable }) => tf.tidy(() => tf.variable(variable.read().clone(), false)));
  }

  /**
   * Takes the net's values at the time of the call into the average. To be awaited after each step.
   * @throws CnnzooError TRAINING if one of the values is not finite, which would stay in the average forever, and while
   * `during` runs; the average is then unchanged. INPUT after `dispose`, and if the net was disposed of.
   */
  async update(): Promise<void> {
    this.requireAlive();
    if (this.users > 0)
      throw new CnnzooError(
        'TRAINING',
        'Ema: the net holds its averages while `during` runs: expected update before or after it.',
      );
    const before = this.pending;
    const update = this.takeIn(new Snapshot(this.values), before);
    const pending = update.catch(() => undefined);
    this.pending = pending;
    try {
      await update;
    } finally {
      if (this.pending === pending) this.pending = undefined;
    }
  }

  /**
   * Runs `work` with the averages in the net, then puts the net's own values back. `work` must not train.
   * @throws CnnzooError INPUT after `dispose`, and if the net was disposed of; the error of `work`.
   */
  async during<T>(work: () => T | Promise<T>): Promise<T> {
    if (typeof work !== 'function')
      throw new CnnzooError('INPUT', `Ema.during: expected a function, received ${shownValue(work)}.`);
    while (this.pending) await this.pending;
    this.requireAlive();
    if (this.users++ === 0) this.swap();
    try {
      return await work();
    } finally {
      if (--this.users === 0) this.putBack();
    }
  }

  /**
   * Reads a copy of the averages, in the form of the net's `stateDict`.
   * @throws CnnzooError INPUT after `dispose`.
   */
  async state(): Promise<StateDict> {
    while (this.pending) await this.pending;
    this.requireAverages();
    const averages = this.slots.map(({ key }, i) => ({ key, tensor: this.averages[i]! }));
    return new Snapshot(this.users > 0 ? this.values : averages).read();
  }

  /** Sets the averages to the result of an earlier `state`. */
  async restore(state: StateDict): Promise<void> {
    await this.during(() => loadStateDict(this.net, state));
  }

  /** Frees the averages; while `during` runs, at its end, once the net has its own values again. A second call does nothing. */
  dispose(): void {
    // tfjs would free a variable's memory a second time: at first it is also the net's.
    if (this.isDisposed) return;
    this.isDisposed = true;
    if (this.users === 0) this.free();
  }

  /** Ends `during`. A net that was disposed of meanwhile has taken the averages along. */
  private putBack(): void {
    if (isDisposed(this.model)) this.isDisposed = true;
    else this.swap();
    if (this.isDisposed) this.free();
  }

  private free(): void {
    tf.dispose([...this.averages]);
  }

  private get model(): LayersModel {
    return 'model' in this.net ? this.net.model : this.net;
  }

  private requireAverages(): void {
    if (this.isDisposed && this.users === 0)
      throw new CnnzooError('INPUT', 'The Ema was disposed of: its averages are gone. Dispose of it last.');
  }

  private requireAlive(): void {
    this.requireAverages();
    modelOf(this.net);
  }

  /** The net's values: its own or, while `during` runs, the averages. */
  private get values(): Keyed[] {
    return this.slots.map(({ key, variable }) => ({ key, tensor: variable.read() }));
  }

  /** Averages the values of a step after those of the step before. Disposes of `values`. */
  private async takeIn(values: Snapshot, before: Promise<void> | undefined): Promise<void> {
    try {
      const [key] = await Promise.all([findNotFinite(values.tensors), before]);
      if (key !== undefined)
        throw new CnnzooError(
          'TRAINING',
          `Ema: '${key}' of the net is not finite; the average is that of the step before. Lower the learning rate.`,
        );
      // Disposed of while the values were read.
      if (this.isDisposed) return;
      tf.tidy(() => {
        for (const [i, { tensor: value }] of values.tensors.entries()) {
          const average = this.averages[i]!;
          average.assign(tf.add(average, tf.mul(tf.sub(value, average), 1 - this.options.decay)));
        }
      });
    } finally {
      values.dispose();
    }
  }

  /** Exchanges the averages and the net's values: the tensors change hands, nothing is copied. */
  private swap(): void {
    tf.tidy(() => {
      for (const [i, { variable }] of this.slots.entries()) {
        const own = variable.read().clone();
        variable.write(this.averages[i]!);
        this.averages[i]!.assign(own);
      }
    });
  }
}
