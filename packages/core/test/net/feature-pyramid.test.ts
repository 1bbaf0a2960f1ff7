import * as tf from '@tensorflow/tfjs-core';
import { sequential, layers as tfLayers } from '@tensorflow/tfjs-layers';
import { getModel } from 'cnnzoo';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../../../test/close.js';
import { Classifier, CnnzooError, featurePyramid, useBackend } from '../../src/index.js';

/** Of a net at its own size: the layers that a pyramid stands on, their strides and channels. */
const LEVELS: Readonly<Record<string, readonly (readonly [name: string, stride: number, channels: number])[]>> = {
  lenet5: [
    ['1', 1, 6],
    ['4', 2, 16],
    ['5', 4, 16],
  ],
  alexnet: [
    ['features.1', 4, 64],
    ['features.4', 8, 192],
    ['features.11', 16, 256],
    ['features.12', 32, 256],
  ],
  nin: [
    ['0.5', 4, 96],
    ['2.5', 8, 256],
    ['4.5', 16, 384],
    ['5', 32, 384],
  ],
  nin_cifar: [
    ['relu_cccp2', 1, 96],
    ['relu_cccp4', 2, 192],
    ['relu_cccp5', 4, 192],
  ],
  googlenet: [
    ['conv1.relu', 2, 64],
    ['conv3.relu', 4, 192],
    ['inception3b.concat', 8, 480],
    ['inception4e.concat', 16, 832],
    ['inception5b.concat', 32, 1024],
  ],
  resnet18: [
    ['relu', 2, 64],
    ['layer1.1.out', 4, 64],
    ['layer2.1.out', 8, 128],
    ['layer3.1.out', 16, 256],
    ['layer4.1.out', 32, 512],
  ],
  // Its strides are inside the blocks, whose first convolutions have the stride of the stage before.
  resnext50_32x4d: [
    ['relu', 2, 64],
    ['layer1.2.out', 4, 256],
    ['layer2.3.out', 8, 512],
    ['layer3.5.out', 16, 1024],
    ['layer4.2.out', 32, 2048],
  ],
  resnet20: [
    ['layer1.2.out', 1, 16],
    ['layer2.2.out', 2, 32],
    ['layer3.2.out', 4, 64],
  ],
};

describe('featurePyramid', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  it.each(Object.entries(LEVELS))('of %s', (name, expected) => {
    const net = getModel(name)();
    const { levels, model } = featurePyramid(net);
    expect(levels.map((level) => [level.name, ...level.stride, level.channels])).toEqual(
      expected.map(([layer, stride, channels]) => [layer, stride, stride, channels]),
    );
    expect(model.outputs.map(({ shape }) => shape[3])).toEqual(expected.map(([, , channels]) => channels));
    net.dispose();
  });

  it('gives the maps that the net computes, whatever its head and its auxiliary heads', async () => {
    const net = getModel('googlenet')({ inputShape: [64, 72, 3], numClasses: 2, auxHeads: true, seed: 1 } as object);
    const classifier = new Classifier({
      model: net,
      categories: null,
      preprocessing: {
        resize: null,
        crop: [64, 72],
        channels: 3,
        mean: [0, 0, 0],
        std: [1, 1, 1],
        interpolation: 'bilinear',
      },
    });
    const { levels, model } = featurePyramid(classifier);
    expect(levels.map(({ name }) => name)).toEqual(LEVELS.googlenet!.map(([name]) => name));
    // On the 8 bits of an image, so that the classifier's preprocessing changes nothing.
    const image = tf.tidy(() =>
      tf.cast(tf.floor(tf.randomUniform<tf.Rank.R3>([64, 72, 3], 0, 256, 'float32', 1)), 'int32'),
    );
    const x = tf.tidy(() => tf.expandDims(tf.div(image, 255)));
    const maps = model.predict(x) as tf.Tensor[];
    const seen = await classifier.activations(
      image,
      levels.map(({ name }) => name),
    );
    for (const [i, { name }] of levels.entries())
      expectClose(maps[i]!, { shape: seen[name]!.shape, data: seen[name]!.dataSync() }, 1e-6);
    tf.dispose([image, x, maps, seen]);
    net.dispose();
  });

  it('refuses a net without maps', () => {
    const net = sequential({ layers: [tfLayers.dense({ units: 2, inputShape: [3] })] });
    expect(() => featurePyramid(net)).toThrow(CnnzooError);
    net.dispose();
  });
});
