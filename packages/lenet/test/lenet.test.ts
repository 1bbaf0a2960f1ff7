import { CnnzooError, stateDict, summary, useBackend } from '@cnnzoo/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { testModels } from '../../../test/harness/models.js';
import { lenet5, models } from '../src/index.js';

testModels(models, { goldens: new URL('goldens/', import.meta.url), anySize: false, small: [28, 28] });

describe('LeNet', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  it('has the published shapes for a digit', () => {
    for (const model of Object.values(models)) {
      const net = model();
      const { rows } = summary(net);
      const shape = (name: string) => rows.find((row) => row.name === name)!.output;
      expect(['0', '2', '3', '5', '6', '7', '9', '11'].map(shape)).toEqual([
        [28, 28, 6],
        [14, 14, 6],
        [10, 10, 16],
        [5, 5, 16],
        [400],
        [120],
        [84],
        [10],
      ]);
      net.dispose();
    }
  });

  it('has the keys of an nn.Sequential', async () => {
    const net = lenet5();
    expect([...(await stateDict(net)).keys()]).toEqual(
      [0, 3, 7, 9, 11].flatMap((index) => [`${index}.weight`, `${index}.bias`]),
    );
    net.dispose();
  });

  it('needs a fixed height and width', () => {
    expect(() => lenet5({ inputShape: [null, 28, 1] })).toThrow(CnnzooError);
  });
});
