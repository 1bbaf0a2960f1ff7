import {
  buildModel,
  CnnzooError,
  globalAvgPool,
  groupNorm,
  identity,
  loadStateDict,
  type Norm,
  seq,
  sigmoid,
  stateDict,
  summary,
  useBackend,
} from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { testModels } from '../../../test/harness/models.js';
import { logitsOf, relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';
import { basicBlock, bottleneck, models, resnet18, resnet20, resnet50 } from '../src/index.js';

/** Logits of the shipped resnet20 on the synthetic image while its zeros came after the channels (decision 15). */
const BEFORE = [
  0.8073098659515381, 1.9209609031677246, 2.9515087604522705, -0.5156330466270447, -0.8995702266693115,
  -2.7474205493927, 3.144444465637207, -2.8361523151397705, -3.8701746463775635, 2.045454978942871,
];

testModels(models, { goldens: new URL('goldens/', import.meta.url), anySize: true, small: [33, 40] });

describe('ResNet', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  it('has the published shapes at 224 px', () => {
    const net = resnet18();
    const { rows } = summary(net);
    const shape = (name: string) => rows.find((row) => row.name === name)!.output;
    expect(shape('maxpool')).toEqual([56, 56, 64]);
    expect(['layer1.1.out', 'layer2.1.out', 'layer3.1.out', 'layer4.1.out'].map(shape)).toEqual([
      [56, 56, 64],
      [28, 28, 128],
      [14, 14, 256],
      [7, 7, 512],
    ]);
    expect(shape('avgpool')).toEqual([512]);
    expect(shape('fc')).toEqual([1000]);
    // The last convolution's: Araujo et al., https://distill.pub/2019/computing-receptive-fields.
    expect(rows.find((row) => row.name === 'layer4.1.out')!.receptiveField).toEqual([435, 435]);
    net.dispose();
  });

  it('answers the same with any input size left open', async () => {
    const [fixed, open] = [resnet18({ inputShape: [45, 60, 3] }), resnet18({ inputShape: [null, null, 3] })];
    const state = syntheticCheckpoint(await stateDict(fixed));
    await loadStateDict(fixed, state);
    await loadStateDict(open, state);
    const image = syntheticImage(45, 60, 3);
    expect(logitsOf(open, image, [45, 60, 3])).toEqual(logitsOf(fixed, image, [45, 60, 3]));
    fixed.dispose();
    open.dispose();
  });

  it('begins every block as the identity where asked', async () => {
    for (const zeroInitResidual of [false, true]) {
      const net = resnet18({ inputShape: [33, 33, 3], zeroInitResidual });
      const state = await stateDict(net);
      const last = [...state].filter(([key]) => /layer.*bn2\.weight/.test(key));
      expect(last.length).toBe(8);
      for (const [, { data }] of last)
        expect((data as Float32Array).every((value) => value === (zeroInitResidual ? 0 : 1))).toBe(true);
      net.dispose();
    }
  });

  it('has blocks to build with', async () => {
    const net = buildModel(
      'own',
      seq({ a: basicBlock(8), b: bottleneck(4, { stride: 2, widthPerGroup: 128 }), pool: globalAvgPool }),
      [9, 12, 3],
    );
    expect(net.outputShape).toEqual([null, 16]);
    expect((await stateDict(net)).get('b.conv2.weight')!.shape).toEqual([8, 8, 3, 3]);
    net.dispose();
  });

  it('is wider in groups as ResNeXt', async () => {
    const net = buildModel('own', seq({ a: bottleneck(64, { groups: 32, widthPerGroup: 4 }) }), [9, 12, 64]);
    expect(net.outputShape).toEqual([null, 9, 12, 256]);
    expect((await stateDict(net)).get('a.conv1.weight')!.shape).toEqual([128, 64, 1, 1]);
    expect((await stateDict(net)).get('a.conv2.weight')!.shape).toEqual([128, 4, 3, 3]);
    net.dispose();
  });

  it('passes on every other pixel and zeros, without parameters, in the nets for CIFAR-10', async () => {
    const net = resnet20();
    const { rows } = summary(net);
    const shape = (name: string) => rows.find((row) => row.name === name)!.output;
    expect(['layer1.2.out', 'layer2.2.out', 'layer3.2.out'].map(shape)).toEqual([
      [32, 32, 16],
      [16, 16, 32],
      [8, 8, 64],
    ]);
    expect([...(await stateDict(net)).keys()].filter((key) => key.includes('downsample'))).toEqual([]);
    net.dispose();
  });

  it('passes on the channels between zeros on both sides, as published checkpoints for CIFAR-10 expect', () => {
    for (const [width, path] of [
      [32, 'layer2.0.downsample.1'],
      [64, 'layer3.0.downsample.1'],
    ] as const) {
      const net = resnet20();
      const layer = net.layers.find(({ name }) => name === path)!;
      const padded = tf.tidy(() => (layer.call(tf.ones([1, 1, 1, width / 2]), {}) as tf.Tensor).dataSync());
      const side = new Array<number>(width / 4).fill(0);
      expect([...padded]).toEqual([...side, ...new Array<number>(width / 2).fill(1), ...side]);
      net.dispose();
    }
  });

  it('answers with its shipped weights as these did before their channels were permuted for it', async () => {
    const net = await resnet20.pretrained();
    const image = syntheticImage(32, 32, 3);
    expect(relativeError(logitsOf(net.model, image, [32, 32, 3]), BEFORE)).toBeLessThan(1e-5);
    net.dispose();
  });

  it('exchanges norm and activation everywhere: GroupNorm, or none', async () => {
    const image = syntheticImage(33, 40, 3);
    for (const [build, shape] of [
      [resnet18, [33, 40, 3]],
      [resnet50, [33, 40, 3]],
    ] as const) {
      const keysOf = async (net: LayersModel) => [...(await stateDict(net)).keys()];
      const plain = build({ inputShape: shape, numClasses: 2 });
      const norm: Norm = (options) => groupNorm(8, options);
      const grouped = build({ inputShape: shape, numClasses: 2, norm, activation: sigmoid, zeroInitResidual: true });
      expect(await keysOf(grouped)).toEqual((await keysOf(plain)).filter((key) => !key.includes('running_')));
      const types = summary(grouped).rows.map(({ type }) => type);
      expect(types).not.toContain('BatchNorm');
      expect(types).not.toContain('relu');
      const last = build === resnet18 ? 'layer1.0.bn2.weight' : 'layer1.0.bn3.weight';
      expect([...(await stateDict(grouped)).get(last)!.data].every((value) => value === 0)).toBe(true);
      expect([...logitsOf(grouped, image, [...shape])].every(Number.isFinite)).toBe(true);
      const bare = build({ inputShape: shape, numClasses: 2, norm: () => identity });
      expect(await keysOf(bare)).toEqual((await keysOf(plain)).filter((key) => !/bn\d|downsample\.1/.test(key)));
      for (const net of [plain, grouped, bare]) net.dispose();
    }
    expect(() => basicBlock(4, { norm: () => identity, zeroInit: true })).toThrow(CnnzooError);
  });

  it('refuses options that make no sense', () => {
    expect(() => resnet18({ numClasses: -1 })).toThrow(CnnzooError);
    expect(() => resnet18({ numClasses: 2.5 })).toThrow(/received 2.5/);
  });
});
