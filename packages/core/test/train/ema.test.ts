import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import { type StateDict, stateDict, useBackend } from '../../src/index.js';
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
