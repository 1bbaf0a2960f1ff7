import { buildModel, Classifier, loadStateDict, Random, seq, stateDict, summary, useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { evaluate, sgd, train } from '@cnnzoo/core/train';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { testModels } from '../../../test/harness/models.js';
import { outputsOf } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';
import { biased, googlenet, googlenet_paper, inception, models } from '../src/index.js';

testModels(models, { goldens: new URL('goldens/', import.meta.url), anySize: true, small: [64, 72] });

describe('GoogLeNet', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  it('has the published shapes at 224 px', () => {
    for (const build of [googlenet, googlenet_paper]) {
      const net = build({ auxHeads: true, numClasses: 10 });
      const { rows } = summary(net);
      const shape = (name: string) => rows.find((row) => row.name === name)!.output;
      expect(['maxpool1', 'maxpool2', 'maxpool3', 'maxpool4'].map(shape)).toEqual([
        [56, 56, 64],
        [28, 28, 192],
        [14, 14, 480],
        [7, 7, 832],
      ]);
      expect(shape('inception5b.concat')).toEqual([7, 7, 1024]);
      expect(['aux1.pool', 'aux2.pool'].map(shape)).toEqual([
        [4, 4, 512],
        [4, 4, 528],
      ]);
      expect(net.outputs.map((output) => output.shape)).toEqual([
        [null, 10],
        [null, 10],
        [null, 10],
      ]);
      net.dispose();
    }
  });

  it('answers the same with auxiliary heads and without', async () => {
    const [plain, both] = [false, true].map((auxHeads) => googlenet({ inputShape: [64, 64, 3], auxHeads }));
    const state = syntheticCheckpoint(stateDict(both!));
    await loadStateDict(both!, state);
    await loadStateDict(plain!, new Map([...state].filter(([key]) => !key.startsWith('aux'))));
    const image = syntheticImage(64, 64, 3);
    const [logits] = outputsOf(plain!, image, [64, 64, 3]);
    expect(outputsOf(both!, image, [64, 64, 3])[0]).toEqual(logits);
    plain!.dispose();
    both!.dispose();
  });

  it('has a block to build with', () => {
    const widths = [4, 2, 6, 2, 3, 5] as const;
    const net = buildModel(
      'own',
      seq({ a: inception(widths), b: inception(widths, { unit: biased, wideKernel: 5 }) }),
      [9, 7, 3],
    );
    expect(net.outputShape).toEqual([null, 9, 7, 18]);
    expect(stateDict(net).get('a.branch3.1.conv.weight')!.shape).toEqual([3, 2, 3, 3]);
    expect(stateDict(net).get('b.branch3.1.conv.weight')!.shape).toEqual([3, 2, 5, 5]);
    net.dispose();
  });

  it('trains on three losses, of which the auxiliary ones count 0.3', async () => {
    const net = googlenet({ inputShape: [64, 64, 3], numClasses: 3, auxHeads: true, seed: 5 });
    const random = new Random(2);
    const images = tf.tensor4d(random.fillUniform(new Float32Array(4 * 64 * 64 * 3)), [4, 64, 64, 3]);
    const labels = tf.tensor1d([0, 1, 2, 1], 'int32');
    const data = await fromTensors(images, labels, { categories: ['a', 'b', 'c'] });
    const options = { optimizer: sgd({ lr: 0.02, momentum: 0.9 }), batchSize: 4, epochs: 3, random };
    const seen: number[][] = [];
    for await (const { loss, losses } of train(net, data, options)) {
      expect(losses.length).toBe(3);
      expect(loss).toBeCloseTo(losses[0]! + 0.3 * (losses[1]! + losses[2]!), 4);
      seen.push([...losses]);
    }
    for (const i of [0, 1, 2]) expect(seen.at(-1)![i]).toBeLessThan(seen[0]![i]!);
    expect((await evaluate(net, data)).count).toBe(4);
    const classifier = new Classifier({
      model: net,
      categories: ['a', 'b', 'c'],
      preprocessing: {
        resize: 64,
        crop: [64, 64],
        channels: 3,
        mean: [0.5, 0.5, 0.5],
        std: [0.5, 0.5, 0.5],
        interpolation: 'bilinear',
      },
    });
    const image = tf.tidy(() => tf.reshape(tf.slice(images, [0, 0, 0, 0], [1, 64, 64, 3]), [64, 64, 3]) as tf.Tensor3D);
    expect((await classifier.classify(image)).length).toBe(3);
    expect((await classifier.embed(image)).length).toBe(1024);
    tf.dispose([images, labels, image]);
    net.dispose();
  });
});
