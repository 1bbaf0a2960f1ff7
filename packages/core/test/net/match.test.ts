import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import {
  batchNorm,
  buildModel,
  conv,
  globalAvgPool,
  linear,
  registerLayers,
  relu,
  seq,
  useBackend,
} from '../../src/index.js';
import { ParameterGroups } from '../../src/train/optim/optimizer.js';
import { freeze, unfreeze } from '../../src/train.js';

beforeAll(async () => {
  await useBackend('cpu');
});
const build = () =>
  buildModel(
    'own',
    seq({ conv1: conv(2, 1, { bias: false }), bn1: batchNorm(), relu, pool: globalAvgPool, fc: linear(2) }),
    [4, 4, 3],
  );

it('each of several prefixes has to match: freeze, unfreeze', () => {
  const net = build();
  for (const call of [freeze, unfreeze])
    expect(() => call(net, ['conv1', 'bn2'])).toThrow(
      expect.objectContaining({ code: 'INPUT', message: expect.stringContaining('"bn2"') }),
    );
  expect(net.trainableWeights.length).toBe(5);
  freeze(net, ['conv1', 'bn1']);
  expect(net.trainableWeights.length).toBe(2);
  net.dispose();
});

it('each of several prefixes has to match: groups of parameters', () => {
  const groups = (match: readonly string[]) => new ParameterGroups('sgd', { lr: 0.1, groups: [{ match, lr: 1 }] });
  groups(['conv1', 'fc']).checkAgainst(['conv1.weight', 'fc.bias']);
  expect(() => groups(['conv1', 'fd']).checkAgainst(['conv1.weight', 'fc.bias'])).toThrow(
    expect.objectContaining({ code: 'INPUT', message: expect.stringContaining('"fd"') }),
  );
});

it('tf.loadLayersModel builds nets of our layers after registerLayers, and their dispose frees all of them', async () => {
  registerLayers();
  const tensors = tf.memory().numTensors;
  const net = build();
  let saved: tf.io.ModelArtifacts | undefined;
  await net.save({
    save: async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  const again = await loadLayersModel({ load: async () => saved! });
  const x = tf.ones([1, 4, 4, 3]);
  const [a, b] = [net.predict(x) as tf.Tensor, again.predict(x) as tf.Tensor];
  expect([...b.dataSync()]).toEqual([...a.dataSync()]);
  tf.dispose([x, a, b]);
  net.dispose();
  again.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});
