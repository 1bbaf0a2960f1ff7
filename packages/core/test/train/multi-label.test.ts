// Nets whose classes are independent of one another: several labels an image, or one class that is there or not.
//
//   x = torch.tensor([[1.54, -0.29], [-2.18, 0.57], [-1.08, -1.4], [0.4, 0.84], [-0.72, -0.4], [-0.6, 0.18], [-0.86, 1.1]])
//   W = torch.tensor([[-1.07, 0.12], [-0.57, 0.37], [-0.89, -1.51]])
//   b = torch.tensor([0.37, 1.46, 0.94])
//   t = torch.tensor([[0, 1, 1], [0, 0, 0], [1, 1, 0], [1, 1, 0], [0, 1, 1], [1, 0, 0], [0, 0, 1]])
//   z = x @ W.T + b; s = torch.sigmoid(z)
//   F.binary_cross_entropy_with_logits(z, t.float())                            # 1.2034337
//   right = (s > 0.5) == (t > 0)                                                # or > torch.tensor([0.9, 0.5, 0.7])
//   right.float().mean(), right.all(1).float().mean()                           # 0.5714286, 0.2857143; 0.4285714, 0.1428571
//   def ap(s, t):                                                               # of each column; their mean is 0.4360450
//       o = torch.argsort(s, descending=True); s, t = s[o], t[o].float()
//       last = torch.cat([s[1:] != s[:-1], torch.tensor([True])])
//       tp = torch.cumsum(t, 0); k = torch.arange(1, len(t) + 1)
//       p, r = (tp / k)[last], (tp / t.sum())[last]
//       return ((r - torch.cat([torch.zeros(1), r[:-1]])) * p).sum()
//
//   w = torch.tensor([[0.7, -1.1]], requires_grad=True); c = torch.tensor([0.3], requires_grad=True)
//   y = torch.tensor([0, 1, 1, 0, 0, 1, 0]).float()
//   opt = torch.optim.SGD([w, c], lr=0.5)                                       # three steps; the losses are ONE.losses
//   l = F.binary_cross_entropy_with_logits((x @ w.T + c)[:, 0], y)
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  buildModel,
  Classifier,
  globalAvgPool,
  linear,
  load,
  loadStateDict,
  seq,
  stateDict,
  useBackend,
} from '../../src/index.js';
import { binaryCrossEntropy, crossEntropy, evaluate, fit, mixup, sgd, train } from '../../src/train.js';
import { InOrder } from './nets.js';

const X = [1.54, -0.29, -2.18, 0.57, -1.08, -1.4, 0.4, 0.84, -0.72, -0.4, -0.6, 0.18, -0.86, 1.1];
const T = ['011', '000', '110', '110', '011', '100', '001'].map((row) => [...row].map(Number));
const SEVERAL = { weight: [-1.07, 0.12, -0.57, 0.37, -0.89, -1.51], bias: [0.37, 1.46, 0.94] };
const ONE = {
  weight: [0.7, -1.1],
  bias: [0.3],
  labels: [0, 1, 1, 0, 0, 1, 0],
  losses: [0.9390233, 0.824983, 0.7343768],
  end: [0.05002697, -1.0678068, 0.2096752],
};

/** Each image's targets are those at its place. */
const several = () => new InOrder(X, [1, 1, 2], [0, 1, 2, 3, 4, 5, 6], (image) => T[image]!);
const one = () => new InOrder(X, [1, 1, 2], ONE.labels);

async function linearNet({ weight, bias }: { weight: number[]; bias: number[] }, channels = 2): Promise<LayersModel> {
  const classes = bias.length;
  const net = buildModel('linear', seq({ pool: globalAvgPool, fc: linear(classes) }), [1, 1, channels]);
  await loadStateDict(
    net,
    new Map([
      ['fc.weight', { shape: [classes, channels], dtype: 'float32', data: Float32Array.from(weight) }],
      ['fc.bias', { shape: [classes], dtype: 'float32', data: Float32Array.from(bias) }],
    ]),
  );
  return net;
}

const preprocessing = {
  resize: null,
  crop: [1, 1],
  channels: 1,
  mean: [0.5],
  std: [0.25],
  interpolation: 'bilinear',
} as const;

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  describe('several labels an image', () => {
    let net: LayersModel;
    beforeEach(async () => {
      net = await linearNet(SEVERAL);
    });
    afterEach(() => net.dispose());
    const loss = binaryCrossEntropy();

    it.each([7, 3, 1])('evaluate, at %i images a batch, measures labels and not the largest logit alone', async (n) => {
      const measured = await evaluate(net, several(), { loss, batchSize: n });
      expect(measured.loss).toBeCloseTo(1.2034337, 5);
      expect(measured.labelAccuracy).toBeCloseTo(0.5714286, 6);
      expect(measured.exactMatch).toBeCloseTo(0.2857143, 6);
      expect(measured.meanAveragePrecision).toBeCloseTo(0.436045, 6);
    });

    it('by a threshold for each class', async () => {
      const measured = await evaluate(net, several(), { loss, threshold: [0.9, 0.5, 0.7] });
      expect(measured.labelAccuracy).toBeCloseTo(0.4285714, 6);
      expect(measured.exactMatch).toBeCloseTo(0.1428571, 6);
      expect(measured.meanAveragePrecision).toBeCloseTo(0.436045, 6);
    });

    it('a trained net is evaluated by the loss that it was trained with', async () => {
      for await (const _ of train(net, several(), { optimizer: sgd({ lr: 0 }), loss }));
      expect((await evaluate(net, several())).loss).toBeCloseTo(1.2034337, 5);
      const { epochs } = await fit(net, several(), {
        optimizer: sgd({ lr: 0 }),
        validation: several(),
      });
      expect(epochs[0]!.loss).toBeCloseTo(1.2034337, 5);
      expect(epochs[0]!.validation!.exactMatch).toBeCloseTo(0.2857143, 6);
    });

    it('a class that no image has is left out of the mean precision, and scores alike are one threshold', async () => {
      const flat = await linearNet({ weight: [1, 0, 0, 0], bias: [0, 0] });
      const logits = [0.5, 0.5, 0.5, 0.2];
      // torch: ap(torch.tensor([0.5, 0.5, 0.5, 0.2]), torch.tensor([1, 0, 1, 1])) = 0.6944445
      const set = new InOrder(
        logits.flatMap((z) => [z, 0]),
        [1, 1, 2],
        [1, 0, 1, 1],
        (label) => [label, 0],
      );
      expect((await evaluate(flat, set, { loss })).meanAveragePrecision).toBeCloseTo(0.6944445, 6);
      const none = new InOrder(X, [1, 1, 2], ONE.labels, () => [0, 0]);
      expect(await evaluate(flat, none, { loss })).not.toHaveProperty('meanAveragePrecision');
      flat.dispose();
    });
  });

  describe('one logit', () => {
    let net: LayersModel;
    beforeEach(async () => {
      net = await linearNet(ONE);
    });
    afterEach(() => net.dispose());
    const optimizer = sgd({ lr: 0.5 });

    it.each([
      ['labels', () => one()],
      ['soft targets', () => new InOrder(X, [1, 1, 2], ONE.labels, (label) => [label])],
    ])('trains on %s as in PyTorch, and is evaluated', async (_, data) => {
      const losses: number[] = [];
      for await (const step of train(net, data(), { optimizer, epochs: 3 })) losses.push(step.loss);
      for (const [i, loss] of ONE.losses.entries()) expect(losses[i]).toBeCloseTo(loss, 5);
      const end = [...(await stateDict(net)).values()].flatMap(({ data }) => [...(data as Float32Array)]);
      for (const [i, value] of ONE.end.entries()) expect(end[i]).toBeCloseTo(value, 5);
      const measured = await evaluate(net, data(), { batchSize: 2 });
      expect(measured.loss).toBeCloseTo(0.6646498, 5);
      expect(measured.top1).toBeCloseTo(3 / 7, 6);
      expect((await evaluate(net, data(), { threshold: 0.35 })).top1).toBeCloseTo(5 / 7, 6);
    });

    it('fit says how many images were right', async () => {
      const { epochs } = await fit(net, one(), { optimizer: sgd({ lr: 0 }), validation: one() });
      // torch: (((x @ w.T + c)[:, 0] > 0) == (y > 0)).float().mean() at the start: 3 of 7
      expect(epochs[0]!.top1).toBeCloseTo(3 / 7, 6);
      expect(epochs[0]!.validation!.top1).toBeCloseTo(3 / 7, 6);
    });

    it('images are mixed, and their targets', async () => {
      for await (const { loss } of train(net, one(), { optimizer, mix: mixup(0.4) })) expect(loss).toBeGreaterThan(0);
    });

    it('softmax of it is refused: it would be 1 whatever the image', async () => {
      const training = async () => {
        for await (const _ of train(net, one(), { optimizer, loss: crossEntropy() }));
      };
      await expect(training()).rejects.toMatchObject({ code: 'INPUT', message: expect.stringContaining('binary') });
      await expect(evaluate(net, one(), { loss: crossEntropy() })).rejects.toMatchObject({ code: 'INPUT' });
    });

    it('other labels than 0 and 1 are refused', async () => {
      await expect(evaluate(net, new InOrder(X, [1, 1, 2], [0, 1, 2, 0, 0, 0, 0]))).rejects.toThrow(
        /one logit: expected labels from 0 to 1, received 2/,
      );
    });
  });
});

describe('a classifier knows its activation', () => {
  let net: Classifier;
  let images: tf.Tensor3D[];
  const logit = (byte: number, w: number, b: number): number => ((byte / 255 - 0.5) / 0.25) * w + b;
  const categories = ['cat', 'dog', 'owl'];
  const data = () =>
    Object.assign(new InOrder([0.1, 0.7, -0.4], [1, 1, 1], [0, 1, 2], (i) => [i % 2, 1, 0]), { categories });
  const optimizer = sgd({ lr: 0 });

  beforeAll(() => useBackend('cpu'));
  beforeEach(async () => {
    net = new Classifier({
      model: await linearNet({ weight: [1, -2, 0.5], bias: [0, 1, -1] }, 1),
      preprocessing,
      categories,
    });
    images = [tf.tensor3d([200], [1, 1, 1], 'int32'), tf.tensor3d([30], [1, 1, 1], 'int32')];
  });
  afterEach(() => {
    net.dispose();
    tf.dispose(images);
  });

  it('softmax, unless it is told or trained otherwise', async () => {
    expect(net.activation).toBe('softmax');
    const scores = (await net.classify(images[0]!)).map(({ score }) => score);
    expect(scores.reduce((sum, score) => sum + score)).toBeCloseTo(1, 5);
  });

  it('sigmoid from fit with binaryCrossEntropy on: classify gives each class by itself, the best first', async () => {
    await fit(net, data(), { optimizer, loss: binaryCrossEntropy() });
    expect(net.activation).toBe('sigmoid');
    const [first, second] = await net.classify(images);
    const expected = (byte: number) =>
      [
        { label: 'cat', index: 0, score: expect.closeTo(sigmoid(logit(byte, 1, 0)), 5) },
        { label: 'dog', index: 1, score: expect.closeTo(sigmoid(logit(byte, -2, 1)), 5) },
        { label: 'owl', index: 2, score: expect.closeTo(sigmoid(logit(byte, 0.5, -1)), 5) },
      ] as const;
    const [a, b] = [expected(200), expected(30)];
    expect(first).toEqual([a[0], a[2], a[1]]);
    expect(second).toEqual([b[1], b[0], b[2]]);
  });

  it('by train, and of a bare model that becomes a classifier later', async () => {
    for await (const _ of train(net.model, data(), { optimizer, loss: binaryCrossEntropy() }));
    expect(net.activation).toBe('sigmoid');
    expect(new Classifier({ model: net.model, preprocessing, categories: null }).activation).toBe('sigmoid');
    for await (const _ of train(net, data(), { optimizer, loss: crossEntropy() }));
    expect(net.activation).toBe('softmax');
  });

  it('a loss of its own changes nothing, unless it names one', async () => {
    const own = binaryCrossEntropy();
    const bare = (...args: Parameters<typeof own>) => own(...args);
    await fit(net, data(), { optimizer, loss: bare });
    expect(net.activation).toBe('softmax');
    await fit(net, data(), {
      optimizer,
      loss: Object.assign(bare, { activation: 'sigmoid' as const }),
    });
    expect(net.activation).toBe('sigmoid');
  });

  it('a training that takes no step changes nothing', async () => {
    await fit(net, data(), { optimizer, loss: binaryCrossEntropy(), epochs: 0 });
    expect(net.activation).toBe('softmax');
  });

  it('by option, and by assignment', () => {
    const { model } = net;
    expect(new Classifier({ model, preprocessing, categories: null, activation: 'sigmoid' }).activation).toBe(
      'sigmoid',
    );
    net.activation = 'softmax';
    expect(net.activation).toBe('softmax');
    expect(() => {
      net.activation = 'tanh' as 'softmax';
    }).toThrow(expect.objectContaining({ code: 'INPUT' }));
  });

  describe('in a directory', () => {
    let directory: string;
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'cnnzoo-activation-'));
    });
    afterEach(() => rm(directory, { recursive: true }));

    it.each(['softmax', 'sigmoid'] as const)('%s is saved and loaded', async (activation) => {
      net.activation = activation;
      await net.save(directory);
      const loaded = await load(directory);
      expect(loaded.activation).toBe(activation);
      expect(await loaded.classify(images)).toEqual(await net.classify(images));
      loaded.dispose();
    });

    it('a training that was over is resumed to the same', async () => {
      const options = { optimizer, loss: binaryCrossEntropy(), checkpoint: directory, resume: true };
      await fit(net, data(), options);
      net.activation = 'softmax';
      await fit(net, data(), options);
      expect(net.activation).toBe('sigmoid');
    });
  });

  it('classify takes a threshold, or one for each class', async () => {
    net.activation = 'sigmoid';
    const names = async (options: Parameters<Classifier['classify']>[1]) =>
      (await net.classify(images, options)).map((predictions) => predictions.map(({ label }) => label));
    const scores = await net.classify(images);
    expect(scores.map((predictions) => predictions.map(({ score }) => Number(score.toFixed(2))))).toEqual([
      [0.76, 0.39, 0.22],
      [0.98, 0.18, 0.15],
    ]);
    expect(await names({ threshold: 0.5 })).toEqual([['cat'], ['dog']]);
    expect(await names({ threshold: 0.3 })).toEqual([['cat', 'owl'], ['dog']]);
    expect(await names({ threshold: 0.3, topK: 1 })).toEqual([['cat'], ['dog']]);
    expect(await names({ threshold: [0.1, 0.99, 0.1] })).toEqual([
      ['cat', 'owl'],
      ['cat', 'owl'],
    ]);
    expect(await names({ threshold: 0.99 })).toEqual([[], []]);
    for (const threshold of [1.5, Number.NaN, [0.5], '0.5' as unknown as number])
      await expect(net.classify(images, { threshold })).rejects.toMatchObject({ code: 'INPUT' });
  });

  it('a threshold for scores that are a softmax is refused by evaluate', async () => {
    await expect(evaluate(net, data(), { threshold: 0.5 })).rejects.toMatchObject({ code: 'INPUT' });
  });

  it('one logit is the probability of the one class', async () => {
    const one = new Classifier({
      model: await linearNet({ weight: [2], bias: [-1] }, 1),
      preprocessing,
      categories: ['cat'],
    });
    expect(one.activation).toBe('sigmoid');
    expect(await one.classify(images[0]!)).toEqual([
      { label: 'cat', index: 0, score: expect.closeTo(sigmoid(logit(200, 2, -1)), 5) },
    ]);
    expect(await one.classify(images, { threshold: 0.5 })).toMatchObject([[{ label: 'cat' }], []]);
    // In a set of two classes, the net's own is label 1 in either order.
    for (const [categories, labels] of [
      [
        ['none', 'cat'],
        [1, 0],
      ],
      [
        ['cat', 'none'],
        [0, 1],
      ],
    ] as const) {
      const set = Object.assign(new InOrder([1, -1], [1, 1, 1], labels), { categories });
      expect((await evaluate(one, set)).top1).toBe(1);
    }
    const others = Object.assign(new InOrder([1], [1, 1, 1], [0]), { categories: ['dog', 'owl'] });
    await expect(evaluate(one, others)).rejects.toMatchObject({ code: 'INPUT' });
    one.dispose();
  });
});
