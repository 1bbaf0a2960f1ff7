import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import { places, workIn } from './places.js';
import { Random } from './random.js';
import { errorOf, runKernel, type Values } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

const LENGTHS = [1, 2, 3, 4, 5, 7, 64, 1001, 4096, 9999, 20_001];

/** Runs consecutive steps. Each is compared with a step in float64 from the same float32 values. */
async function steps(
  name: string,
  start: Values[],
  random: Random,
  attrsAt: (step: number) => Record<string, number | boolean>,
  reference: (attrs: Record<string, number>, state: Float32Array[], gradient: Float32Array, i: number) => number[],
): Promise<void> {
  let state = start;
  for (let step = 1; step <= 3; step++) {
    const grad = random.normal(state[0]!.shape);
    const attrs = attrsAt(step);
    const expected = state.map(({ values }) => new Float64Array(values.length));
    grad.values.forEach((_, i) => {
      const floats = state.map(({ values }) => values as Float32Array);
      reference(attrs as Record<string, number>, floats, grad.values as Float32Array, i).forEach((value, k) => {
        expected[k]![i] = value;
      });
    });
    const names = name === 'CnnzooSgd' ? ['param', 'velocity'] : ['param', 'm', 'v'];
    const inputs = Object.fromEntries(state.map((values, k) => [names[k], values]));
    state = await runKernel('wasm', name, { ...inputs, grad }, attrs);
    expect(state.length).toBe(expected.length);
    state.forEach(({ values }, k) => {
      // A few values may all be near zero by chance, while the terms that cancelled to give them are not.
      const bound = values.length < 64 ? 1e-5 : 1e-6;
      expect(errorOf(values, expected[k]!), `${names[k]} ${JSON.stringify(attrs)}`).toBeLessThan(bound);
    });
  }
}

describe.each(places)('steps in %s', (place) => {
  workIn(place);

  it("CnnzooSgd: torch.optim.SGD's", async () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(seed);
      const length = random.pick(LENGTHS);
      const momentum = random.pick([0, 0.5, 0.9]);
      const start = [random.normal([length]), { shape: [length], values: new Float32Array(length) }];
      const weightDecay = random.pick([0, 1e-4, 0.1]);
      const nesterov = momentum > 0 && random.integer(0, 1) === 1;
      await steps(
        'CnnzooSgd',
        momentum === 0 ? start.slice(0, 1) : start,
        random,
        (step) => ({ lr: 0.1 / step, momentum, weightDecay, nesterov }),
        ({ lr }, [w, v], gradient, i) => {
          const g = gradient[i]! + weightDecay * w![i]!;
          const velocity = momentum * (v?.[i] ?? 0) + g;
          const next = w![i]! - lr! * (nesterov ? g + momentum * velocity : velocity);
          return v ? [next, velocity] : [next];
        },
      );
    }
  });

  it("CnnzooAdamW: torch.optim.AdamW's", async () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(100 + seed);
      const length = random.pick(LENGTHS);
      const zeros = () => ({ shape: [length], values: new Float32Array(length) });
      const [beta1, beta2] = [random.pick([0, 0.9]), random.pick([0.99, 0.999])];
      const [eps, weightDecay] = [random.pick([1e-8, 1e-3]), random.pick([0, 0.01, 0.1])];
      await steps(
        'CnnzooAdamW',
        [random.normal([length]), zeros(), zeros()],
        random,
        (step) => ({ lr: 1e-2, beta1, beta2, eps, weightDecay, step }),
        ({ lr, step }, [w, m, v], gradient, i) => {
          const g = gradient[i]!;
          const first = beta1 * m![i]! + (1 - beta1) * g;
          const second = beta2 * v![i]! + (1 - beta2) * g * g;
          const root = Math.sqrt(second / (1 - beta2 ** step!)) + eps;
          const next = w![i]! * (1 - lr! * weightDecay) - (lr! * (first / (1 - beta1 ** step!))) / root;
          return [next, first, second];
        },
      );
    }
  });

  it('changes a variable in place, but nothing that others hold', async () => {
    await tf.setBackend('wasm');
    const step = (variable: tf.Variable, grad: tf.Tensor) =>
      tf.tidy(() => {
        const results = tf
          .engine()
          .runKernel('CnnzooSgd', { param: variable, grad }, { lr: 1, momentum: 0, nesterov: false, weightDecay: 0 });
        variable.assign((results as unknown as tf.Tensor[])[0]!);
      });
    const begin = tf.tensor1d([1, 2, 3]);
    const variable = tf.variable(begin);
    const grad = tf.tensor1d([1, 1, 1]);
    const { numBytes } = tf.memory();
    step(variable, grad);
    expect([...variable.dataSync()]).toEqual([0, 1, 2]);
    expect([...begin.dataSync()]).toEqual([1, 2, 3]);
    const { dataId } = variable;
    step(variable, grad);
    expect(variable.dataId).toBe(dataId);
    expect([...variable.dataSync()]).toEqual([-1, 0, 1]);
    const held = tf.reshape(variable, [3, 1]);
    step(variable, grad);
    expect([...held.dataSync()]).toEqual([-1, 0, 1]);
    expect([...variable.dataSync()]).toEqual([-2, -1, 0]);
    held.dispose();
    expect(tf.memory().numBytes).toBe(numBytes);
    tf.dispose([begin, variable, grad]);
  });

  it.each([
    ['CnnzooSgd', ['param', 'velocity'], { lr: 1, momentum: 0.5, nesterov: false, weightDecay: 0 }],
    ['CnnzooAdamW', ['param', 'm', 'v'], { lr: 1, beta1: 0.5, beta2: 0.5, eps: 1, weightDecay: 0, step: 1 }],
  ])('%s changes variables that another backend has computed', async (name, names, attributes) => {
    const stepped = async (backend: string) => {
      await tf.setBackend(backend);
      const variables = names.map(() => tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3]))));
      const held = tf.reshape(variables[0]!, [3, 1]);
      const grad = tf.tensor1d([1, -1, 2]);
      await tf.setBackend('wasm');
      tf.tidy(() => {
        const inputs = { ...Object.fromEntries(names.map((each, i) => [each, variables[i]!])), grad };
        const results = tf.engine().runKernel(name, inputs, attributes) as unknown as tf.Tensor1D[];
        for (const [i, variable] of variables.entries()) variable.assign(results[i]!);
      });
      const values = variables.map((variable) => [...variable.dataSync()]);
      expect([...held.dataSync()]).toEqual([1, 2, 3]);
      tf.dispose([...variables, held, grad]);
      return values;
    };
    const values = await stepped('cpu');
    for (const changed of values) expect(changed).not.toEqual([1, 2, 3]);
    expect(values).toEqual(await stepped('wasm'));
  });

  it('weights that were packed for convolutions are packed anew', async () => {
    await tf.setBackend('wasm');
    tf.tidy(() => {
      const x = tf.ones([1, 4, 4, 2]) as tf.Tensor4D;
      const filter = tf.variable(tf.ones([3, 3, 2, 2]) as tf.Tensor4D);
      const total = () => tf.tidy(() => tf.sum(tf.conv2d(x, filter, 1, 'valid')).dataSync()[0]);
      const before = [total(), total(), total()];
      const grad = tf.ones(filter.shape);
      const attrs = { lr: 0.5, momentum: 0, nesterov: false, weightDecay: 0 };
      const [next] = tf.engine().runKernel('CnnzooSgd', { param: filter, grad }, attrs) as unknown as tf.Tensor4D[];
      filter.assign(next!);
      expect([...before, total(), total()]).toEqual([144, 144, 144, 72, 72]);
      filter.dispose();
    });
  });
});

it('refuses what does not fit, saying what', async () => {
  const random = new Random(1);
  const attrs = { lr: 0.1, momentum: 0.9, nesterov: false, weightDecay: 0 };
  const [param, short] = [random.normal([2, 3]), random.normal([3])];
  await expect(runKernel('wasm', 'CnnzooSgd', { param, grad: param }, attrs)).rejects.toThrow(/momentum is 0.9/);
  await expect(runKernel('wasm', 'CnnzooSgd', { param, grad: short, velocity: param }, attrs)).rejects.toThrow(
    /grad of the parameter's shape \[2,3\], not \[3\]/,
  );
});
