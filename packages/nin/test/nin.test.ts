import { buildModel, seq, stateDict, summary, useBackend } from '@cnnzoo/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { testModels } from '../../../test/harness/models.js';
import { models, nin, nin_cifar, ninBlock } from '../src/index.js';

testModels(models, { goldens: new URL('goldens/', import.meta.url), anySize: true, small: [131, 139] });

describe('NiN', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  const convolutions = (keys: Iterable<string>) =>
    [...keys].filter((key) => key.endsWith('.weight')).map((key) => key.slice(0, -'.weight'.length));

  it("has the textbook's shapes and keys", async () => {
    const net = nin({ numClasses: 10 });
    const { rows } = summary(net);
    const shape = (name: string) => rows.find((row) => row.name === name)!.output;
    expect(['0.5', '1', '2.5', '3', '4.5', '5', '7.5', '8'].map(shape)).toEqual([
      [54, 54, 96],
      [26, 26, 96],
      [26, 26, 256],
      [12, 12, 256],
      [12, 12, 384],
      [5, 5, 384],
      [5, 5, 10],
      [10],
    ]);
    expect(convolutions((await stateDict(net)).keys())).toEqual(
      ['0', '2', '4', '7'].flatMap((block) => ['0', '2', '4'].map((layer) => `${block}.${layer}`)),
    );
    net.dispose();
  });

  it('has the published names and parameters for CIFAR-10', async () => {
    const net = nin_cifar();
    const { rows, parameters } = summary(net);
    const shape = (name: string) => rows.find((row) => row.name === name)!.output;
    expect(parameters).toBe(966_986);
    expect(['pool1', 'pool2', 'relu_cccp6'].map(shape)).toEqual([
      [16, 16, 96],
      [8, 8, 192],
      [8, 8, 10],
    ]);
    expect(convolutions((await stateDict(net)).keys())).toEqual([
      'conv1',
      'cccp1',
      'cccp2',
      'conv2',
      'cccp3',
      'cccp4',
      'conv3',
      'cccp5',
      'cccp6',
    ]);
    net.dispose();
  });

  it('has a block to build with', () => {
    const net = buildModel('own', seq({ a: ninBlock([6, 5, 4], 5, { stride: 2, padding: 2 }) }), [9, 12, 3]);
    expect(net.outputShape).toEqual([null, 5, 6, 4]);
    expect(summary(net).parameters).toBe(3 * 25 * 6 + 6 + 6 * 5 + 5 + 5 * 4 + 4);
    net.dispose();
  });
});
