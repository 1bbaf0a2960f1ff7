import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, sequential } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noteOf, writeNote } from '../../src/graph/head.js';
import { stateDict, useBackend } from '../../src/index.js';
import { freeze, type Part, sgd, train, unfreeze } from '../../src/train.js';
import { easyImages, smallNet } from './nets.js';

let net: LayersModel;
beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  net = smallNet({ rate: 0.5 });
  writeNote(net, { model: 'small', head: 'fc' });
});
afterEach(() => net.dispose());

const data = easyImages(32);
const options = { optimizer: sgd({ lr: 0.1, momentum: 0.9, weightDecay: 0.1 }), batchSize: 16, epochs: 2 };

/** The keys that a training changes. */
async function changed(): Promise<string[]> {
  const before = await stateDict(net);
  for await (const _ of train(net, data, options));
  return [...(await stateDict(net))].flatMap(([key, { data }]) => {
    const old = before.get(key)!.data as Float32Array;
    return (data as Float32Array).every((value, i) => Object.is(value, old[i])) ? [] : [key];
  });
}

const CONV = ['conv.weight', 'conv.bias'];
const NORM = ['bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var'];
const HEAD = ['fc.weight', 'fc.bias'];

const parts: [Part, string[]][] = [
  ['backbone', HEAD],
  ['conv', [...NORM, ...HEAD]],
  [['conv', 'bn'], HEAD],
  [['fc.bias'], [...CONV, ...NORM, 'fc.weight']],
  [(key) => key.endsWith('.weight'), ['conv.bias', 'bn.bias', 'bn.running_mean', 'bn.running_var', 'fc.bias']],
  [(key) => key.startsWith('bn.'), [...CONV, ...HEAD]],
];

it.each(parts)('freeze %s: not one bit of it changes, and all else does', async (part, expected) => {
  freeze(net, part);
  expect(await changed()).toEqual(expected);
});

it('adds up, and is taken back', async () => {
  freeze(net, 'conv');
  freeze(net, 'bn');
  expect(await changed()).toEqual(HEAD);
  unfreeze(net, 'conv');
  expect(await changed()).toEqual([...CONV, ...HEAD]);
  unfreeze(net, ['bn.bias']);
  expect(await changed()).toEqual([...CONV, 'bn.bias', 'bn.running_mean', 'bn.running_var', ...HEAD]);
  unfreeze(net);
  expect(await changed()).toEqual([...CONV, ...NORM, ...HEAD]);
});

describe('what tfjs froze', () => {
  it('trains again: the whole net', async () => {
    net.trainable = false;
    unfreeze(net);
    expect(await changed()).toEqual([...CONV, ...NORM, ...HEAD]);
  });

  it('trains again: a part, and the rest does not', async () => {
    net.trainable = false;
    unfreeze(net, ['fc']);
    expect(await changed()).toEqual(HEAD);
    unfreeze(net, 'conv');
    expect(await changed()).toEqual([...CONV, ...HEAD]);
  });

  it('trains again: a weight of a layer', async () => {
    net.trainable = false;
    unfreeze(net, 'fc.bias');
    expect(await changed()).toEqual(['fc.bias']);
  });

  it('trains again: a layer, and single weights', async () => {
    net.getLayer('conv').trainable = false;
    net.getLayer('fc').trainableWeights[1]!.trainable = false;
    expect(await changed()).toEqual([...NORM, 'fc.weight']);
    unfreeze(net);
    expect(await changed()).toEqual([...CONV, ...NORM, ...HEAD]);
  });

  it('trains again: models inside one another', async () => {
    const outer = sequential({ layers: [net] });
    const inner = outer.layers[0]! as unknown as LayersModel;
    const trained = () => outer.trainableWeights.length;
    const all = trained();
    for (const freezeBoth of [() => (inner.trainable = false), () => (outer.trainable = false)]) {
      freezeBoth();
      expect(trained()).toBe(0);
      unfreeze(outer, 'small.fc');
      expect(trained()).toBe(2);
      unfreeze(outer);
      expect(trained()).toBe(all);
    }
  });
});

describe('dropout', () => {
  const apply = () =>
    tf.tidy(() => {
      const x = tf.randomNormal([4, 6, 5, 1], 0, 1, 'float32', 1);
      const run = (training: boolean) => [...(net.apply(x, { training }) as tf.Tensor).dataSync()];
      return [run(true), run(false)] as const;
    });

  it('lets everything pass in a frozen part', () => {
    freeze(net, 'backbone');
    const [training, inference] = apply();
    expect(training).toEqual(inference);
  });

  it('drops in a part that trains', () => {
    freeze(net, ['conv', 'bn']);
    const [training, inference] = apply();
    expect(training).not.toEqual(inference);
  });
});

it('takes auxiliary heads for heads', () => {
  writeNote(net, { ...noteOf(net)!, auxiliaryHeads: ['bn'] });
  freeze(net, 'backbone');
  expect(net.layers.filter(({ trainable }) => trainable).map(({ name }) => name)).toEqual(['bn', 'fc']);
});

it('refuses what it can not freeze', () => {
  expect(() => freeze(net, 'layer1')).toThrow(/No weight of 'small' belongs to "layer1".*conv, bn/s);
  expect(() => freeze(net, (key) => key.includes('running'))).toThrow(/No weight/);
  expect(() => freeze(net, ['conv', 'layer9'])).toThrow(/No weight of 'small' belongs to "layer9"/);
  expect(() => unfreeze(net, ['fc', 'fc.kernel'])).toThrow(/belongs to "fc.kernel"/);
  expect(net.trainableWeights.length).toBe(CONV.length + 2 + HEAD.length);
  net.setUserDefinedMetadata({});
  expect(() => freeze(net, 'backbone')).toThrow(/does not say where its head is/);
});
