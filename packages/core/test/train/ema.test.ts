import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import { type StateDict, saveStateDict, stateDict, useBackend } from '../../src/index.js';
import { Ema, evaluate, sgd, train } from '../../src/train.js';
import { easyImages, smallNet } from './nets.js';

let net: LayersModel;
beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  net = smallNet();
});
afterEach(() => net.dispose());

const data = easyImages(32);
const valuesOf = (state: StateDict) => new Map([...state].map(([key, { data }]) => [key, [...(data as Float32Array)]]));

/** Trains for an epoch; `each` runs after every step. */
async function trained(each: () => Promise<void>): Promise<void> {
  for await (const _ of train(net, data, { optimizer: sgd({ lr: 0.3 }), batchSize: 8 })) await each();
}

it('is the moving average of weights and running statistics', async () => {
  const ema = new Ema(net, { decay: 0.7 });
  const expected = valuesOf(await stateDict(net));
  await trained(async () => {
    await ema.update();
    for (const [key, values] of valuesOf(await stateDict(net)))
      expected.set(
        key,
        values.map((value, i) => 0.7 * expected.get(key)![i]! + 0.3 * value),
      );
  });
  const state = valuesOf(await ema.state());
  const own = valuesOf(await stateDict(net));
  expect([...state.keys()]).toEqual([...own.keys()]);
  for (const [key, values] of state) {
    expect(relativeError(values, expected.get(key)!), key).toBeLessThanOrEqual(1e-6);
    if (key !== 'conv.bias') expect(relativeError(values, own.get(key)!), key).toBeGreaterThan(1e-4);
  }
  ema.dispose();
});

it('is in the net while something runs, and the net is itself again after it', async () => {
  const ema = new Ema({ model: net }, { decay: 0.9 });
  await trained(() => ema.update());
  const [own, average] = [valuesOf(await stateDict(net)), valuesOf(await ema.state())];
  const before = tf.memory().numTensors;
  const evaluated = await ema.during(async () => {
    expect(valuesOf(await stateDict(net))).toEqual(average);
    return (await evaluate(net, data)).loss;
  });
  expect(evaluated).not.toBe((await evaluate(net, data)).loss);
  const failing = ema.during(() => {
    throw new Error('mine');
  });
  await expect(failing).rejects.toThrow('mine');
  expect(valuesOf(await stateDict(net))).toEqual(own);
  expect(valuesOf(await ema.state())).toEqual(average);
  expect(tf.memory().numTensors).toBe(before);
  ema.dispose();
});

it('goes on from its state', async () => {
  const ema = new Ema(net, { decay: 0.9 });
  await trained(() => ema.update());
  const own = valuesOf(await stateDict(net));
  const again = new Ema(net, { decay: 0.9 });
  expect(valuesOf(await again.state())).toEqual(own);
  await again.restore(await ema.state());
  expect(valuesOf(await again.state())).toEqual(valuesOf(await ema.state()));
  expect(valuesOf(await stateDict(net))).toEqual(own);
  await expect(again.restore(new Map())).rejects.toMatchObject({ code: 'STATE_DICT' });
  expect(valuesOf(await again.state())).toEqual(valuesOf(await ema.state()));
  expect(valuesOf(await stateDict(net))).toEqual(own);
  ema.dispose();
  again.dispose();
});

it('leaves what is frozen as it is, to the bit', async () => {
  for (const layer of net.layers) if (layer.name !== 'fc') layer.trainable = false;
  const before = valuesOf(await stateDict(net));
  const ema = new Ema(net, { decay: 0.9 });
  await trained(() => ema.update());
  for (const [key, values] of valuesOf(await ema.state()))
    if (key.startsWith('fc')) expect(values, key).not.toEqual(before.get(key));
    else expect(values, key).toEqual(before.get(key));
  ema.dispose();
});

it.each([-0.1, 1, Number.NaN])('refuses a decay of %d', (decay) => {
  expect(() => new Ema(net, { decay })).toThrow(expect.objectContaining({ code: 'INPUT' }));
});

it('refuses options that it does not have', () => {
  expect(() => new Ema(net, { decay: 0.9, momentum: 0.1 } as { decay: number })).toThrow(/no option 'momentum'/);
});

it.each([['0.9'], [Number.NaN], [1], [-0.1], [undefined]])('refuses the decay %s', (decay) => {
  expect(() => new Ema(net, { decay: decay as number })).toThrow(/expected decay/);
});

describe('disposal', () => {
  const INPUT = { code: 'INPUT', message: expect.stringContaining('disposed of') };

  it('ends every use, and leaves the net as it is', async () => {
    const before = valuesOf(await stateDict(net));
    const ema = new Ema(net, { decay: 0.5 });
    const state = await ema.state();
    ema.dispose();
    ema.dispose();
    const tensors = tf.memory().numTensors;
    for (const use of [() => ema.update(), () => ema.state(), () => ema.during(() => 0), () => ema.restore(state)])
      await expect(use()).rejects.toMatchObject(INPUT);
    expect(valuesOf(await stateDict(net))).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('of an Ema that is in use waits for the end of the use', async () => {
    const tensors = tf.memory().numTensors;
    const ema = new Ema(net, { decay: 0.5 });
    const averages = valuesOf(await ema.state());
    for (const weight of net.weights)
      tf.tidy(() => {
        weight.write(tf.fill(weight.shape as number[], 0.25));
      });
    const own = valuesOf(await stateDict(net));
    const inside = await ema.during(async () => {
      ema.dispose();
      return [valuesOf(await stateDict(net)), valuesOf(await ema.state())];
    });
    expect(inside).toEqual([averages, averages]);
    expect(valuesOf(await stateDict(net))).toEqual(own);
    expect(tf.memory().numTensors).toBe(tensors);
    await expect(ema.state()).rejects.toMatchObject(INPUT);
  });

  it('during an update leaves no tensor', async () => {
    const tensors = tf.memory().numTensors;
    const ema = new Ema(net, { decay: 0.5 });
    const update = ema.update();
    ema.dispose();
    await update;
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('of the net is told by its name; the averages can still be read', async () => {
    const own = smallNet();
    const ema = new Ema(own, { decay: 0.5 });
    own.dispose();
    for (const use of [() => ema.update(), () => ema.during(() => 0)]) await expect(use()).rejects.toMatchObject(INPUT);
    expect((await ema.state()).size).toBeGreaterThan(0);
    ema.dispose();
  });

  it('of the net during a use takes the averages along', async () => {
    const tensors = tf.memory().numTensors;
    const own = smallNet();
    const ema = new Ema(own, { decay: 0.5 });
    expect(
      await ema.during(() => {
        own.dispose();
        return 'done';
      }),
    ).toBe('done');
    await expect(ema.state()).rejects.toMatchObject(INPUT);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

it('refuses work that is no function', async () => {
  const ema = new Ema(net, { decay: 0.5 });
  await expect(ema.during(5 as never)).rejects.toMatchObject({ code: 'INPUT' });
  ema.dispose();
});

it.each([[undefined], [null], [{}], ['resnet18'], [{ model: {} }]])(
  'stateDict refuses %j, which is no net',
  async (value) => {
    await expect(stateDict(value as never)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('Expected a net'),
    });
  },
);

it('saveStateDict refuses metadata that is null', async () => {
  await expect(saveStateDict(net, 'net.safetensors', null as never)).rejects.toMatchObject({ code: 'INPUT' });
});
