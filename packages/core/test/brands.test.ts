import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it, vi } from 'vitest';
import * as core from '../src/index.js';

beforeAll(async () => {
  await core.useBackend('cpu');
});

it('recognises errors and classifiers of another copy of core', async () => {
  vi.resetModules();
  const other = (await import('../src/index.js')) as typeof core;
  expect(other.CnnzooError).not.toBe(core.CnnzooError);
  expect(new other.CnnzooError('INPUT', 'wrong')).toBeInstanceOf(core.CnnzooError);
  expect(new Error('wrong')).not.toBeInstanceOf(core.CnnzooError);
  expect(null).not.toBeInstanceOf(core.CnnzooError);

  const model = other.buildModel('small', other.seq([other.globalAvgPool, other.linear(2)]), [2, 2, 3]);
  const classifier = new other.Classifier({
    model,
    preprocessing: {
      resize: null,
      crop: [2, 2],
      channels: 3,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      interpolation: 'bilinear',
    },
    categories: null,
  });
  expect(classifier).toBeInstanceOf(core.Classifier);
  expect(model).not.toBeInstanceOf(core.Classifier);
  // Every function on nets takes a net or a Classifier, whichever copy of core made it.
  expect((await core.stateDict(classifier)).size).toBe(2);
  expect(core.summary(classifier).parameters).toBe(8);
  await core.loadStateDict(classifier, await core.stateDict(model));
  classifier.dispose();
  expect(tf.memory().numTensors).toBe(0);
});
