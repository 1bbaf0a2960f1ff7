import * as tf from '@tensorflow/tfjs-core';
import { type StateDict, type StateTensor, toTfShape, toTorchShape } from '../../checkpoint/index.js';
import { toTfValues } from '../../checkpoint/late.js';
import { type Keyed, Snapshot } from '../../state-dict/late.js';
import { CnnzooError } from '../../util/index.js';
import { withConfig } from './config.js';
import { type Optimizer, type OptimizerOptions, type OptimizerRun, ParameterGroups } from './optimizer.js';

/** Settings of one update of one parameter. */
export interface UpdateSettings {
  readonly lr: number;
  readonly weightDecay: number;
  /** Number of this parameter's updates, this one included: 1, 2, … */
  readonly count: number;
}

/** The arithmetic of an optimizer, for one parameter. */
export interface UpdateRule<Slot extends string> {
  readonly name: string;
  /** PyTorch's names of the tensors kept for each parameter: of the parameter's shape, zeros at first. */
  readonly slots: readonly Slot[];
  /** Updates one parameter and its slots in place; runs in a tidy. */
  update(
    parameter: tf.Variable,
    gradient: tf.Tensor,
    slots: Readonly<Record<Slot, tf.Variable>>,
    settings: UpdateSettings,
  ): void;
}

/** PyTorch's name for the number of a parameter's updates. */
const COUNT = 'step';

interface Entry<Slot extends string> {
  readonly group: number;
  readonly weightDecay: number;
  readonly slots: Readonly<Record<Slot, tf.Variable>>;
  count: number;
}

/**
 * Builds an optimizer that updates each parameter by itself, with the settings of the parameter's group.
 * @param settings the rule's own settings, for the optimizer's description.
 */
export function optimizerOf<Slot extends string>(
  rule: UpdateRule<Slot>,
  { lr, weightDecay = 0, decayNormsAndBiases = true, groups = [] }: OptimizerOptions,
  settings: object,
): Optimizer {
  const options = { lr, weightDecay, groups };
  const parameters = new ParameterGroups(rule.name, options);
  const optimizer: Optimizer = {
    start(keys, state = new Map()) {
      parameters.checkAgainst(keys);
      checkState(rule, keys, state);
      return new RuleRun(rule, parameters, decayNormsAndBiases, state);
    },
  };
  return withConfig(optimizer, { name: rule.name, ...options, decayNormsAndBiases, ...settings });
}

/** Splits a key of the state into the parameter's key and the tensor's name. */
function splitKey(key: string): readonly [parameter: string, name: string] {
  const dot = key.lastIndexOf('.');
  return [key.slice(0, dot), key.slice(dot + 1)];
}

function checkState({ name, slots }: UpdateRule<string>, keys: readonly string[], state: StateDict): void {
  const known = new Set(keys);
  const kept = new Set([COUNT, ...slots]);
  for (const key of state.keys()) {
    const [parameter, slot] = splitKey(key);
    if (!kept.has(slot))
      throw new CnnzooError(
        'STATE_DICT',
        `${name} keeps ${[...kept].join(', ')} of each parameter; the state holds '${key}'. ` +
          'Go on with the optimizer, and the options, that saved it.',
      );
    if (!known.has(parameter))
      throw new CnnzooError('STATE_DICT', `${name}: the state holds '${key}', but the net has no '${parameter}'.`);
    for (const other of kept)
      if (!state.has(`${parameter}.${other}`))
        throw new CnnzooError('STATE_DICT', `${name}: the state holds '${key}', but no '${parameter}.${other}'.`);
  }
}

class RuleRun<Slot extends string> implements OptimizerRun {
  private readonly entries = new Map<string, Entry<Slot>>();
  /** Restored tensors of parameters that have had no gradient yet. */
  private readonly waiting: Map<string, StateTensor>;

  constructor(
    private readonly rule: UpdateRule<Slot>,
    private readonly groups: ParameterGroups,
    private readonly decayNormsAndBiases: boolean,
    state: StateDict,
  ) {
    this.waiting = new Map(state);
  }

  update(gradients: Parameters<OptimizerRun['update']>[0], step: number, steps: number): void {
    const rates = this.groups.rates(step, steps);
    // Work that can fail comes first: a step is taken whole or not at all.
    const updates = gradients.map(({ key, variable, gradient }) => ({
      entry: this.entryOf(key, variable),
      variable,
      gradient,
    }));
    for (const { entry, variable, gradient } of updates) {
      entry.count++;
      const { group, weightDecay, slots, count } = entry;
      tf.tidy(() => this.rule.update(variable, gradient, slots, { lr: rates[group]!, weightDecay, count }));
    }
  }

  async state(): Promise<StateDict> {
    const state: StateDict = new Map(this.waiting);
    const tensors: Keyed[] = [];
    for (const [key, { slots, count }] of this.entries) {
      state.set(`${key}.${COUNT}`, { shape: [], dtype: 'float32', data: Float32Array.of(count) });
      for (const name of this.rule.slots) tensors.push({ key: `${key}.${name}`, tensor: slots[name] });
    }
    for (const [key, tensor] of await new Snapshot(tensors).read()) state.set(key, tensor);
    return state;
  }

  dispose(): void {
    for (const { slots } of this.entries.values()) tf.dispose(slots);
    this.entries.clear();
  }

  private entryOf(key: string, variable: tf.Variable): Entry<Slot> {
    const known = this.entries.get(key);
    if (known) return known;
    const group = this.groups.indexOf(key);
    const decays = variable.rank > 1 || this.decayNormsAndBiases;
    const count = this.waiting.get(`${key}.${COUNT}`)?.data[0];
    const slots = this.rule.slots.map((name) => [name, this.slot(`${key}.${name}`, variable)] as const);
    const entry: Entry<Slot> = {
      group,
      weightDecay: decays ? this.groups.weightDecay(group) : 0,
      slots: Object.fromEntries(slots) as Record<Slot, tf.Variable>,
      count: Number(count ?? 0),
    };
    for (const name of [COUNT, ...this.rule.slots]) this.waiting.delete(`${key}.${name}`);
    this.entries.set(key, entry);
    return entry;
  }

  private slot(key: string, variable: tf.Variable): tf.Variable {
    const saved = this.waiting.get(key);
    if (!saved) return tf.tidy(() => tf.variable(tf.zeros(variable.shape), false));
    const shape = toTfShape(saved.shape);
    if (shape.join() !== variable.shape.join())
      throw new CnnzooError(
        'STATE_DICT',
        `${this.rule.name}: expected '${key}' to be [${toTorchShape(variable.shape)}], as its parameter, received ` +
          `[${saved.shape}].`,
      );
    // A copy: at rank 0 and 1 the values are the caller's own, and tfjs may keep what it is given.
    const values = toTfValues(saved.data as Float32Array, saved.shape).slice();
    return tf.tidy(() => tf.variable(tf.tensor(values, shape, 'float32'), false));
  }
}
