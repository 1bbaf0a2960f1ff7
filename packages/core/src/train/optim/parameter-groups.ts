import { CnnzooError } from '../../errors.js';
import { idlePrefix, matches, type ParameterMatch } from '../../match.js';
import { checkOptions } from '../../options.js';
import type { Schedule } from './optimizer.js';

/** Parameters that learn otherwise than the rest. What is not given is the optimizer's own. */
export interface ParameterGroup {
  readonly match: ParameterMatch;
  readonly lr?: Schedule;
  readonly weightDecay?: number;
}

/** What every optimizer takes. */
export interface OptimizerOptions {
  /** Learning rate. */
  lr: Schedule;
  weightDecay?: number;
  /** Whether weights of rank 0 and 1 decay too: those are the norms' weights and every bias. As in PyTorch they do. */
  decayNormsAndBiases?: boolean;
  /** A parameter belongs to the first group that matches it. */
  groups?: readonly ParameterGroup[];
}

/** Refuses an optimizer's option that is out of its range. */
export function checkOption(optimizer: string, name: string, value: number, ok: boolean, expected: string): void {
  if (ok && Number.isFinite(value)) return;
  throw new CnnzooError('INPUT', `${optimizer}: expected ${name} ${expected}, received ${value}.`);
}

/**
 * Refuses options that an optimizer, or a group of its parameters, does not have.
 * @param own names of the options that are not every optimizer's.
 */
export function checkOptimizer(optimizer: string, options: OptimizerOptions, own: readonly string[]): void {
  checkOptions(optimizer, options ?? null, ['lr', 'weightDecay', 'decayNormsAndBiases', 'groups', ...own]);
  for (const group of options.groups ?? [])
    checkOptions(`${optimizer}, a group of parameters`, group, ['match', 'lr', 'weightDecay']);
}

/** The settings of an optimizer's parameters, group by group; the last group is the rest. */
export class ParameterGroups {
  private readonly groups: readonly Required<ParameterGroup>[];

  /** @param optimizer its name, for messages. */
  constructor(
    private readonly optimizer: string,
    { lr, weightDecay = 0, groups = [] }: OptimizerOptions,
  ) {
    this.groups = [...groups, { match: () => true }].map((group) => ({ lr, weightDecay, ...group }));
    for (const { lr, weightDecay } of this.groups) {
      checkOption(optimizer, 'weightDecay', weightDecay, weightDecay >= 0, 'of at least 0');
      if (typeof lr === 'number') this.checkRate(lr, 'a learning rate');
    }
  }

  /** Refuses groups that no key of a net is in: their settings would be without effect, and nobody would know. */
  checkAgainst(keys: readonly string[]): void {
    for (const { match } of this.groups.slice(0, -1)) {
      const idle = idlePrefix(match, keys);
      if (idle !== undefined || !keys.some((key) => matches(match, key)))
        throw new CnnzooError(
          'INPUT',
          `${this.optimizer}: no parameter belongs to the group of ${JSON.stringify(idle ?? match) ?? match}. ` +
            `Expected state_dict prefixes of this net, whose keys are ${keys.slice(0, 3).join(', ')}, … ${keys.at(-1)}.`,
        );
    }
  }

  /** The index of a parameter's group. */
  indexOf(key: string): number {
    return this.groups.findIndex(({ match }) => matches(match, key));
  }

  weightDecay(group: number): number {
    return this.groups[group]!.weightDecay;
  }

  /** The learning rate of each group at a step. */
  rates(step: number, steps: number): number[] {
    return this.groups.map(({ lr }) => {
      const rate = typeof lr === 'function' ? lr(step, steps) : lr;
      this.checkRate(rate, `a learning rate at step ${step}`);
      return rate;
    });
  }

  private checkRate(rate: number, name: string): void {
    checkOption(this.optimizer, name, rate, rate >= 0, 'of at least 0');
  }
}
