import { buildModel, Classifier, loadStateDict, Random, seq, stateDict, summary, useBackend } from '@cnnzoo/core';
import { fromTensors, mnist } from '@cnnzoo/core/data';
import { evaluate, sgd, train } from '@cnnzoo/core/train';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { testModels } from '../../../test/harness/models.js';
import { outputsOf } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';
import { mnistDirectory } from '../../../tools/train/mnist.js';
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
    const state = syntheticCheckpoint(await stateDict(both!));
    await loadStateDict(both!, state);
    await loadStateDict(plain!, new Map([...state].filter(([key]) => !key.startsWith('aux'))));
    const image = syntheticImage(64, 64, 3);
    const [logits] = outputsOf(plain!, image, [64, 64, 3]);
    expect(outputsOf(both!, image, [64, 64, 3])[0]).toEqual(logits);
    plain!.dispose();
    both!.dispose();
  });

  it('has a block to build with', async () => {
    const widths = [4, 2, 6, 2, 3, 5] as const;
    const net = buildModel(
      'own',
      seq({ a: inception(widths), b: inception(widths, { unit: biased, wideKernel: 5 }) }),
      [9, 7, 3],
    );
    expect(net.outputShape).toEqual([null, 9, 7, 18]);
    expect((await stateDict(net)).get('a.branch3.1.conv.weight')!.shape).toEqual([3, 2, 3, 3]);
    expect((await stateDict(net)).get('b.branch3.1.conv.weight')!.shape).toEqual([3, 2, 5, 5]);
    net.dispose();
  });

  /** Digits as colour images of 64 px, float32 [n, 64, 64, 3]. */
  async function digits(count: number) {
    const all = await mnist(mnistDirectory(), { split: 'test' });
    const [batch] = all.first(count).batches({ batchSize: count });
    const { x, y } = batch!;
    const images = tf.tidy(() => tf.tile(tf.image.resizeBilinear(x, [64, 64]), [1, 1, 1, 3])) as tf.Tensor4D;
    const data = await fromTensors(images, y);
    tf.dispose([x, y]);
    return { images, data };
  }

  it('trains on three losses, of which the auxiliary ones count 0.3, and all three fall', async () => {
    const { images, data } = await digits(40);
    const net = googlenet({ inputShape: [64, 64, 3], numClasses: 10, auxHeads: true, seed: 5 });
    const options = { optimizer: sgd({ lr: 0.02, momentum: 0.9 }), batchSize: 20, epochs: 12, random: new Random(2) };
    const seen: (readonly number[])[] = [];
    for await (const { loss, losses } of train(net, data, options)) {
      expect(losses.length).toBe(3);
      expect(loss).toBeCloseTo(losses[0]! + 0.3 * (losses[1]! + losses[2]!), 4);
      seen.push(losses);
    }
    const mean = (steps: typeof seen, output: number) =>
      steps.reduce((sum, losses) => sum + losses[output]!, 0) / steps.length;
    for (const output of [0, 1, 2])
      expect(mean(seen.slice(-4), output)).toBeLessThan(0.8 * mean(seen.slice(0, 4), output));
    expect((await evaluate(net, data)).count).toBe(40);
    const classifier = new Classifier({
      model: net,
      categories: null,
      preprocessing: {
        resize: 64,
        crop: [64, 64],
        channels: 3,
        mean: [0.5, 0.5, 0.5],
        std: [0.5, 0.5, 0.5],
        interpolation: 'bilinear',
      },
    });
    const image = tf.tidy(() => tf.clipByValue(tf.squeeze(tf.slice(images, 0, 1)), 0, 1)) as tf.Tensor3D;
    expect((await classifier.classify(image)).length).toBe(5);
    expect((await classifier.embed(image)).length).toBe(1024);
    tf.dispose([images, image]);
    net.dispose();
  });
});
