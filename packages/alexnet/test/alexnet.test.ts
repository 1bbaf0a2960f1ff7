import { summary, useBackend } from '@cnnzoo/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { testModels } from '../../../test/harness/models.js';
import { alexnet, models } from '../src/index.js';

testModels(models, { goldens: new URL('goldens/', import.meta.url), anySize: true, small: [63, 70] });

describe('AlexNet', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  it('has the published shapes at 224 px, and dropout before the first two linear layers', () => {
    const net = alexnet();
    const { rows } = summary(net);
    const shape = (name: string) => rows.find((row) => row.name === name)!.output;
    expect(['features.0', 'features.2', 'features.5', 'features.12', 'avgpool', 'flatten'].map(shape)).toEqual([
      [55, 55, 64],
      [27, 27, 64],
      [13, 13, 192],
      [6, 6, 256],
      [6, 6, 256],
      [9216],
    ]);
    const types = rows.filter(({ name }) => name.startsWith('classifier.')).map(({ type }) => type);
    expect(types).toEqual(['Dropout', 'Linear', 'relu', 'Dropout', 'Linear', 'relu', 'Linear']);
    net.dispose();
  });

  it('takes images from 63 px on, of any shape', () => {
    expect(() => alexnet({ inputShape: [62, 224, 3] })).toThrow(/Give the net a larger inputShape/);
    const net = alexnet({ inputShape: [63, 90, 3], numClasses: 2 });
    expect(net.outputShape).toEqual([null, 2]);
    net.dispose();
  });
});
