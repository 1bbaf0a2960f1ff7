import { batchNorm, buildModel, seq, stateDict, summary, useBackend } from '@cnnzoo/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { testModels } from '../../../test/harness/models.js';
import { models, vgg, vgg11, vggBlock } from '../src/index.js';

testModels(models, { goldens: new URL('goldens/', import.meta.url), anySize: true, small: [33, 40] });

describe('VGG', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  it('takes a list of blocks of your own', async () => {
    const blocks = [
      [1, 8],
      [2, 12],
    ] as const;
    const net = buildModel('small', vgg({ blocks, norm: batchNorm })({ numClasses: 4 }), [20, 26, 3]);
    const shapes = [...(await stateDict(net))].filter(([, { shape }]) => shape.length === 4).map(([key]) => key);
    expect(shapes).toEqual(['features.0.weight', 'features.4.weight', 'features.7.weight']);
    expect((await stateDict(net)).get('classifier.0.weight')!.shape).toEqual([4096, 12 * 7 * 7]);
    net.dispose();
  });

  it('halves the map in every block', async () => {
    const net = buildModel('own', seq({ a: vggBlock(2, 6), b: vggBlock(1, 8, { norm: batchNorm }) }), [13, 8, 3]);
    expect(net.outputShape).toEqual([null, 3, 2, 8]);
    expect([...(await stateDict(net)).keys()].filter((key) => key.endsWith('weight'))).toEqual([
      'a.0.weight',
      'a.2.weight',
      'b.0.weight',
      'b.1.weight',
    ]);
    net.dispose();
  });

  it('sees 5 pixels with two 3x3 convolutions, for 18 weights where one 5x5 has 25', () => {
    const net = buildModel('two', vggBlock(2, 8), [32, 32, 8]);
    const { rows, parameters } = summary(net);
    expect(rows.find(({ name }) => name === '3')!.receptiveField).toEqual([5, 5]);
    expect(parameters).toBe(18 * 8 ** 2 + 2 * 8);
    net.dispose();
  });

  it('begins by He initialisation, linear layers by 0.01', async () => {
    const net = vgg11({ inputShape: [32, 32, 3], numClasses: 0, seed: 1 });
    const deviation = async (key: string) => {
      const data = (await stateDict(net)).get(key)!.data as Float32Array;
      return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
    };
    expect((await deviation('features.8.weight')) / Math.sqrt(2 / (9 * 256))).toBeCloseTo(1, 1);
    expect(await deviation('classifier.3.weight')).toBeCloseTo(0.01, 3);
    expect(await deviation('features.8.bias')).toBe(0);
    net.dispose();
  });
});
