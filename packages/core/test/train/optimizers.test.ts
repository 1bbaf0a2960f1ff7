// Optimizers and schedules against PyTorch's; tools/weights/torch/optimizers.py makes the golden.
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import type { StateDict } from '../../src/checkpoint/tensors.js';
import { useBackend } from '../../src/index.js';
import {
  adamW,
  constant,
  cosine,
  exponential,
  type Gradient,
  type Optimizer,
  oneCycle,
  rmsprop,
  type Schedule,
  sgd,
  step,
  warmup,
} from '../../src/train.js';

type Values = Record<'fc.weight' | 'fc.bias', number[]>;
interface Steps {
  weights: Values[];
  state: Record<string, number[]>;
}
interface Golden {
  name: 'SGD' | 'AdamW' | 'RMSprop';
  options: {
    momentum?: number;
    nesterov?: boolean;
    weight_decay?: number;
    betas?: [number, number];
    eps?: number;
    alpha?: number;
  };
  bias: { lr?: number; weight_decay?: number };
  rates: number[];
  start: Values;
  gradients: Record<keyof Values, number[][]>;
  float32: Steps;
  float64: Steps;
}
const goldens: { optimizers: Golden[]; schedules: Record<string, number[]> } = JSON.parse(
  readFileSync(new URL('goldens/optimizers.json', import.meta.url), 'utf8'),
);

const KEYS = ['fc.weight', 'fc.bias'] as const;
const MAKERS = { SGD: sgd, AdamW: adamW, RMSprop: rmsprop };

function optimizerOf({ name, options, bias, rates }: Golden): Optimizer {
  const { weight_decay: weightDecay, ...rest } = options;
  const at = (scale: number) => (step: number) => rates[step]! * scale;
  const group = {
    match: 'fc.bias',
    ...(bias.lr && { lr: at(bias.lr) }),
    ...(bias.weight_decay !== undefined && { weightDecay: bias.weight_decay }),
  };
  return MAKERS[name]({
    lr: at(1),
    ...rest,
    ...(weightDecay !== undefined && { weightDecay }),
    ...(Object.keys(bias).length > 0 && { groups: [group] }),
  });
}

/** A linear layer's tensor in tfjs' order, from PyTorch's [2, 3] or [2]. */
const tensorOf = (key: string, data: number[]): tf.Tensor =>
  tf.tidy(() => (key === 'fc.weight' ? tf.transpose(tf.tensor2d(data, [2, 3])) : tf.tensor1d(data)));
const valuesOf = (key: string, tensor: tf.Tensor): Float32Array =>
  tf.tidy(() => (key === 'fc.weight' ? tf.transpose(tensor) : tensor).dataSync() as Float32Array).slice();

const parametersOf = (start: Values) =>
  KEYS.map((key) => ({ key, variable: tf.tidy(() => tf.variable(tensorOf(key, start[key]))) }));

/** Takes the golden's steps from `from` up to `to`, and hands over the weights after each. */
async function follow(
  golden: Golden,
  parameters: ReturnType<typeof parametersOf>,
  { from = 0, to = golden.rates.length, state = undefined as StateDict | undefined, optimizer = optimizerOf(golden) },
): Promise<{ weights: Float32Array[][]; state: StateDict }> {
  const run = optimizer.start(KEYS, state);
  const weights = [];
  for (let step = from; step < to; step++) {
    const gradients = parameters.map(
      (parameter): Gradient => ({
        ...parameter,
        gradient: tensorOf(parameter.key, golden.gradients[parameter.key][step]!),
      }),
    );
    run.update(gradients, step, golden.rates.length);
    tf.dispose(gradients.map(({ gradient }) => gradient));
    weights.push(parameters.map(({ key, variable }) => valuesOf(key, variable)));
  }
  const result = { weights, state: await run.state() };
  run.dispose();
  return result;
}

beforeAll(() => useBackend('cpu'));
afterEach(() => {
  tf.disposeVariables();
});

const [plain] = goldens.optimizers as [Golden];
const withMomentum = goldens.optimizers[1]!;

describe.each(goldens.optimizers)('$name $options, bias $bias, $rates', (golden) => {
  it("takes PyTorch's steps, and keeps PyTorch's state", async () => {
    const { weights, state } = await follow(golden, parametersOf(golden.start), {});
    for (const [step, values] of weights.entries())
      for (const [i, key] of KEYS.entries()) {
        const [theirs, exact] = [golden.float32.weights[step]![key], golden.float64.weights[step]![key]];
        expect(relativeError(values[i]!, theirs), `${key} after step ${step}`).toBeLessThanOrEqual(1e-6);
        const bound = Math.max(3 * relativeError(theirs, exact), 1.2e-7);
        expect(relativeError(values[i]!, exact), `${key} after step ${step}, float64`).toBeLessThanOrEqual(bound);
      }
    // PyTorch's SGD does not count its steps.
    const counts = Object.fromEntries(KEYS.map((key) => [`${key}.step`, [golden.rates.length]]));
    const expected = { ...counts, ...golden.float32.state };
    expect([...state.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [key, values] of Object.entries(expected)) {
      expect(relativeError(state.get(key)!.data as Float32Array, values), key).toBeLessThanOrEqual(1e-6);
      expect(state.get(key)!.shape).toEqual(key.endsWith('.step') ? [] : key.startsWith('fc.weight') ? [2, 3] : [2]);
    }
  });

  it('goes on from its state as if it had never stopped', async () => {
    const { weights } = await follow(golden, parametersOf(golden.start), {});
    const parameters = parametersOf(golden.start);
    const { state } = await follow(golden, parameters, { to: 2 });
    const before = structuredClone(state);
    const second = await follow(golden, parameters, { from: 2, state });
    expect(second.weights).toEqual(weights.slice(2));
    expect(state).toEqual(before);
  });
});

it('decays neither norms nor biases where it is told not to', async () => {
  const decayed = goldens.optimizers.find(({ name, bias }) => name === 'AdamW' && bias.weight_decay === 0)!;
  const optimizer = adamW({
    lr: (step) => decayed.rates[step]!,
    weightDecay: decayed.options.weight_decay!,
    decayNormsAndBiases: false,
  });
  const { weights } = await follow(decayed, parametersOf(decayed.start), { optimizer });
  for (const [i, key] of KEYS.entries())
    expect(relativeError(weights.at(-1)![i]!, decayed.float32.weights.at(-1)![key])).toBeLessThanOrEqual(1e-6);
});

it('a parameter belongs to the first group that matches: by prefix, prefixes or predicate', async () => {
  const after = async (optimizer: Optimizer) =>
    (await follow(plain, parametersOf(plain.start), { to: 1, optimizer })).weights[0]!;
  const moved = async (optimizer: Optimizer) =>
    (await after(optimizer)).map((values, i) => relativeError(values, plain.start[KEYS[i]!]) > 0);
  const still = { lr: 0 };
  expect(await moved(sgd({ lr: 0.1, groups: [{ match: 'fc', ...still }] }))).toEqual([false, false]);
  expect(await moved(sgd({ lr: 0.1, groups: [{ match: 'fc.weight', ...still }] }))).toEqual([false, true]);
  expect(await moved(sgd({ lr: 0.1, groups: [{ match: ['fc.bias'], ...still }] }))).toEqual([true, false]);
  expect(await moved(sgd({ lr: 0, groups: [{ match: (key) => key.endsWith('bias'), lr: 0.1 }] }))).toEqual([
    false,
    true,
  ]);
  const both = [
    { match: 'fc.bias', lr: 0.1 },
    { match: 'fc', ...still },
  ];
  expect(await moved(sgd({ lr: 0.1, groups: both }))).toEqual([false, true]);
});

describe('refuses', () => {
  it.each([
    () => sgd({ lr: -1 }),
    () => sgd({ lr: Number.NaN }),
    () => sgd({ lr: 1, momentum: 1 }),
    () => sgd({ lr: 1, weightDecay: -1 }),
    () => sgd({ lr: 1, nesterov: true }),
    () => sgd({ lr: 1, groups: [{ match: 'fc', lr: -1 }] }),
    () => sgd({ lr: 1, groups: [{ match: 'fc', weightDecay: Number.POSITIVE_INFINITY }] }),
    () => adamW({ lr: 1, betas: [0.9, 1] }),
    () => adamW({ lr: 1, eps: 0 }),
    () => rmsprop({ lr: 1, alpha: 1 }),
    () => rmsprop({ lr: 1, eps: -1 }),
    () => rmsprop({ lr: 1, momentum: -0.1 }),
  ])('options out of range (%#)', (make) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'INPUT', message: expect.stringMatching(/^(sgd|adamW|rmsprop): /) }),
    );
  });

  it('a group that is empty', () => {
    expect(() => sgd({ lr: 1, groups: [{ match: 'f', lr: 0 }] }).start(KEYS)).toThrow(/group of "f".*fc\.weight/);
    expect(() => adamW({ lr: 1, groups: [{ match: [], lr: 0 }] }).start(KEYS)).toThrow(/group of \[\]/);
  });

  it('a prefix that nothing is under, among others too', () => {
    const groups = [{ match: ['fc.bias', 'layr4'], lr: 0 }];
    expect(() => sgd({ lr: 1, groups }).start(KEYS)).toThrow(/group of "layr4"/);
  });

  it.each([
    ["another optimizer's", adamW({ lr: 1 }), ['fc.bias'], /keeps step, exp_avg, exp_avg_sq.*momentum_buffer/],
    ["another net's", sgd({ lr: 1, momentum: 0.9 }), ['head.bias'], /has no 'head.bias'/],
    ['half a', rmsprop({ lr: 1, momentum: 0.9 }), ['fc.bias'], /no 'fc.bias.square_avg'/],
  ])('%s state', (_, optimizer, [key], message) => {
    const zeros = { shape: [2], dtype: 'float32' as const, data: new Float32Array(2) };
    const state: StateDict = new Map([
      [`${key}.momentum_buffer`, zeros],
      [`${key}.step`, { shape: [], dtype: 'float32', data: Float32Array.of(1) }],
    ]);
    expect(() => optimizer.start(KEYS, state)).toThrow(expect.objectContaining({ code: 'STATE_DICT' }));
    expect(() => optimizer.start(KEYS, state)).toThrow(message);
  });

  it('a state of another shape', async () => {
    const { state } = await follow(withMomentum, parametersOf(withMomentum.start), {});
    state.set('fc.bias.momentum_buffer', { shape: [3], dtype: 'float32', data: new Float32Array(3) });
    const run = optimizerOf(withMomentum).start(KEYS, state);
    const [, bias] = parametersOf(withMomentum.start);
    const gradient = tf.zeros([2]);
    const update = () => run.update([{ ...bias!, gradient }], 0, 1);
    expect(update).toThrow(/'fc\.bias\.momentum_buffer' to be \[2\].*received \[3\]/);
    gradient.dispose();
    run.dispose();
  });
});

it('the state of parameters that get no gradient is kept', async () => {
  const { state } = await follow(withMomentum, parametersOf(withMomentum.start), { to: 2 });
  const onlyWeight = parametersOf(withMomentum.start).slice(0, 1);
  const later = (await follow(withMomentum, onlyWeight, { from: 2, to: 3, state })).state;
  expect(later.get('fc.bias.momentum_buffer')).toEqual(state.get('fc.bias.momentum_buffer'));
  expect(later.get('fc.bias.step')!.data[0]).toBe(2);
  expect(later.get('fc.weight.step')!.data[0]).toBe(3);
});

describe('schedules', () => {
  const ratesOf = (schedule: Schedule, steps = 12) =>
    Array.from({ length: steps }, (_, i) => (typeof schedule === 'function' ? schedule(i, steps) : schedule));

  it.each<[string, Schedule]>([
    ['step', step(0.4, 3, 0.5)],
    ['milestones', step(0.4, [2, 7])],
    ['cosine', cosine(0.4, 0.02)],
    ['exponential', exponential(0.4, 0.9)],
    ['oneCycle', oneCycle(0.4)],
    ['warmup', warmup(cosine(0.4, 0.02), 4)],
  ])("%s gives PyTorch's rates", (name, schedule) => {
    for (const [i, rate] of ratesOf(schedule).entries())
      expect(rate, `step ${i}`).toBeCloseTo(goldens.schedules[name]![i]!, 12);
  });

  it('constant is constant, and warmup takes a number', () => {
    expect(ratesOf(constant(0.3), 4)).toEqual([0.3, 0.3, 0.3, 0.3]);
    expect(ratesOf(warmup(1, 2, 0.5), 4)).toEqual([0.5, 0.75, 1, 1]);
    expect(ratesOf(warmup(1, 0), 2)).toEqual([1, 1]);
  });

  it('end where the run does, however short', () => {
    expect(oneCycle(1, { pctStart: 1 })(9, 10)).toBe(1);
    for (const schedule of [oneCycle(1), warmup(cosine(1), 5), cosine(1)])
      expect(Number.isFinite(schedule(0, 1))).toBe(true);
    expect(warmup(cosine(1), 4, 0)(2, 3)).toBe(0.5);
  });

  it.each([
    () => step(1, 0),
    () => step(1, [1.5]),
    () => step(1, 2, 0),
    () => exponential(1, -1),
    () => oneCycle(1, { pctStart: 2 }),
    () => oneCycle(1, { divFactor: 0 }),
    () => oneCycle(1, { finalDivFactor: Number.NaN }),
    () => warmup(1, -1),
    () => warmup(1, 3, 2),
  ])('refuse options out of range (%#)', (make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INPUT' }));
  });
});
