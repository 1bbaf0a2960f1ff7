// Losses that weigh classes give the same over batches of any size as over all images at once.
//
//   x = torch.tensor([[1.54, -0.29], [-2.18, 0.57], [-1.08, -1.4], [0.4, 0.84], [-0.72, -0.4], [-0.6, 0.18], [-0.86, 1.1]])
//   y = torch.tensor([0, 1, 2, 0, 0, 1, 0])
//   W = torch.tensor([[-1.07, 0.12], [-0.57, 0.37], [-0.89, -1.51]], requires_grad=True)
//   b = torch.tensor([0.37, 1.46, 0.94], requires_grad=True)
//   V = torch.tensor([[0.5, -0.25], [0.1, 0.3], [-0.4, 0.2]])
//   weight = torch.tensor([0.2, 3.0, 0.0])
//   soft = torch.tensor([[0.8, 0.2, 0.0], [0.1, 0.6, 0.3], [0.0, 0.5, 0.5]])[y]
//   z = x @ W.T + b
//   loss = F.cross_entropy(z, y); loss.backward()      # plain; and so on:
//   F.cross_entropy(z, y, weight=weight)
//   F.cross_entropy(z, y, weight=weight, label_smoothing=0.1)
//   F.cross_entropy(z, soft, weight=weight)
//   F.binary_cross_entropy_with_logits(z, F.one_hot(y, 3).float(), weight=weight)
//   F.cross_entropy(z, y, weight=weight) + 0.3 * F.cross_entropy(x @ V.T, y, weight=weight)
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Batch } from '../../src/data/dataset.js';
import { buildModel, globalAvgPool, linear, loadStateDict, stateDict, useBackend } from '../../src/index.js';
import { binaryCrossEntropy, crossEntropy, evaluate, fit, type Loss, sgd, train } from '../../src/train.js';
import { InOrder } from './nets.js';

const X = [1.54, -0.29, -2.18, 0.57, -1.08, -1.4, 0.4, 0.84, -0.72, -0.4, -0.6, 0.18, -0.86, 1.1];
const Y = [0, 1, 2, 0, 0, 1, 0];
const W = [-1.07, 0.12, -0.57, 0.37, -0.89, -1.51];
const B = [0.37, 1.46, 0.94];
const V = [0.5, -0.25, 0.1, 0.3, -0.4, 0.2];
const SOFT = [
  [0.8, 0.2, 0],
  [0.1, 0.6, 0.3],
  [0, 0.5, 0.5],
];
const classWeights = [0.2, 3, 0];

interface Case {
  readonly name: string;
  readonly loss: Loss;
  readonly isSoft?: true;
  readonly value: number;
  /** By W, then by b. */
  readonly gradient: readonly number[];
}

const cases: Case[] = [
  {
    name: 'crossEntropy',
    loss: crossEntropy(),
    value: 1.2706243,
    gradient: [-0.218318, -0.1060937, 0.25512, 0.0811233, -0.036802, 0.0249703, -0.377247, 0.1895159, 0.1877311],
  },
  {
    name: 'crossEntropy with weights',
    loss: crossEntropy({ classWeights }),
    value: 0.8704671,
    gradient: [-0.4400492, 0.0865864, 0.6783588, -0.1478985, -0.2383096, 0.0613121, 0.1691597, -0.3943509, 0.2251912],
  },
  {
    name: 'crossEntropy with weights and smoothing',
    loss: crossEntropy({ classWeights, labelSmoothing: 0.1 }),
    value: 0.8912846,
    gradient: [-0.4109381, 0.0852979, 0.6463988, -0.1212598, -0.2354608, 0.0359619, 0.1667029, -0.4056749, 0.238972],
  },
  {
    name: 'crossEntropy of soft targets with weights',
    loss: crossEntropy({ classWeights }),
    isSoft: true,
    value: 1.31995,
    gradient: [-0.2800575, 0.0543468, 0.6073479, 0.1840324, -0.3272905, -0.2383792, 0.1482771, -0.5581354, 0.4098583],
  },
  {
    name: 'binaryCrossEntropy with weights',
    loss: binaryCrossEntropy({ classWeights }),
    value: 1.3628947,
    gradient: [-0.0420414, -0.0070487, -0.1167261, -0.0044419, 0, 0, 0.0071556, 0.5490245, 0],
  },
];

/** Batches of two, without the first ones. */
function* skipped(data: InOrder, skip: number): Generator<Batch> {
  let i = 0;
  for (const batch of data.batches({ batchSize: 2 }))
    if (i++ < skip) tf.dispose([batch.x, batch.y]);
    else yield batch;
}

const tensors = (weight: readonly number[], bias?: readonly number[]) =>
  [
    ['weight', weight, [3, 2]],
    ['bias', bias ?? [0, 0, 0], [3]],
  ] as const;

async function netOf(heads: Record<string, ReturnType<typeof tensors>>): Promise<LayersModel> {
  const net = buildModel(
    'linear',
    (image, path) => {
      const x = globalAvgPool(image, 'pool');
      return Object.keys(heads).map((name) => linear(3)(x, `${path}${name}`));
    },
    [1, 1, 2],
  );
  await loadStateDict(
    net,
    new Map(
      Object.entries(heads).flatMap(([head, list]) =>
        list.map(([name, values, shape]) => [
          `${head}.${name}`,
          { shape: [...shape], dtype: 'float32', data: Float32Array.from(values) },
        ]),
      ),
    ),
  );
  return net;
}

const dataOf = ({ isSoft }: Pick<Case, 'isSoft'>) => new InOrder(X, [1, 1, 2], Y, isSoft && ((label) => SOFT[label]!));

async function valuesOf(net: LayersModel, head = 'fc'): Promise<number[]> {
  const state = await stateDict(net);
  return ['weight', 'bias'].flatMap((name) => [...(state.get(`${head}.${name}`)!.data as Float32Array)]);
}

/** The mean of the steps' losses, and the gradient that the first step went along. */
async function gradientOf(net: LayersModel, loss: Loss, batchSize: number, accumulate: number, isSoft?: true) {
  const before = await valuesOf(net);
  for await (const step of train(net, dataOf({ ...(isSoft && { isSoft }) }), {
    optimizer: sgd({ lr: 1 }),
    loss,
    batchSize,
    accumulate,
  })) {
    const after = await valuesOf(net);
    return { loss: step.loss, gradient: before.map((value, i) => value - after[i]!) };
  }
  throw new Error('No step was taken.');
}

function expectClose(received: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of expected.entries()) expect(received[i], `${i}`).toBeCloseTo(value, 5);
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  let net: LayersModel;
  beforeAll(() => useBackend(backend));
  beforeEach(async () => {
    net = await netOf({ fc: tensors(W, B) });
  });
  afterEach(() => net.dispose());

  describe.each(cases)('$name', ({ loss, isSoft, value, gradient }) => {
    it.each([7, 4, 3, 2, 1])('evaluate at %i images a batch gives the loss over all', async (batchSize) => {
      const data = dataOf({ ...(isSoft && { isSoft }) });
      expect((await evaluate(net, data, { loss, batchSize })).loss).toBeCloseTo(value, 5);
    });

    it.each([
      [7, 1],
      [4, 2],
      [3, 3],
      [2, 4],
      [1, 7],
    ])('batches of %i, %i a step, give the gradient of all', async (batchSize, accumulate) => {
      const step = await gradientOf(net, loss, batchSize, accumulate, isSoft);
      expect(step.loss).toBeCloseTo(value, 5);
      expectClose(step.gradient, gradient);
    });

    it.each([7, 3, 2])('the history at %i images a batch has the loss over all', async (batchSize) => {
      const data = dataOf({ ...(isSoft && { isSoft }) });
      const options = { loss, batchSize, optimizer: sgd({ lr: 0 }), shuffle: false };
      // At a rate of 0 every step sees the same weights.
      const { epochs } = await fit(net, data, { ...options, validation: data });
      expect(epochs[0]!.loss).toBeCloseTo(value, 5);
      expect(epochs[0]!.validation!.loss).toBeCloseTo(value, 5);
    });
  });

  it('a training that goes on within an epoch has the history of one that was not stopped', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cnnzoo-weights-'));
    const stop = new AbortController();
    const options = {
      loss: crossEntropy({ classWeights }),
      batchSize: 2,
      optimizer: sgd({ lr: 0 }),
      shuffle: false,
      checkpoint: directory,
      resume: true,
    };
    const data = dataOf({});
    await expect(fit(net, data, { ...options, onStep: () => stop.abort(), signal: stop.signal })).rejects.toMatchObject(
      {
        code: 'ABORTED',
      },
    );
    // The test's own data set leaves no batches out.
    const rest = { ...data, size: 7, batches: ({ skip = 0 }) => skipped(data, skip) };
    const { epochs } = await fit(net, rest, options);
    expect(epochs[0]!.loss).toBeCloseTo(cases[1]!.value, 5);
    await rm(directory, { recursive: true });
  });

  it('auxiliary heads are weighed alike', async () => {
    const two = await netOf({ fc: tensors(W, B), aux: tensors(V) });
    const loss = crossEntropy({ classWeights });
    for (const [batchSize, accumulate] of [
      [7, 1],
      [2, 4],
      [1, 7],
    ] as const) {
      await restart(two);
      const step = await gradientOf(two, loss, batchSize, accumulate);
      expect(step.loss).toBeCloseTo(1.2488925, 5);
      expectClose(step.gradient, cases[1]!.gradient);
    }
    two.dispose();
  });

  it('a loss of its own that says its sum and weight is weighed by them', async () => {
    const weighed = crossEntropy({ classWeights });
    const loss: Loss = Object.assign((...args: Parameters<Loss>) => weighed(...args), { sum: weighed.sum! });
    expect((await evaluate(net, dataOf({}), { loss, batchSize: 2 })).loss).toBeCloseTo(cases[1]!.value, 5);
  });

  it('a step whose images all weigh 0 is an error that says so, and evaluate of such images too', async () => {
    const none = new InOrder(X.slice(4, 6), [1, 1, 2], [2]);
    const loss = crossEntropy({ classWeights });
    const before = await valuesOf(net);
    const failed = async () => {
      for await (const _ of train(net, none, { loss, optimizer: sgd({ lr: 1 }) }));
    };
    await expect(failed()).rejects.toMatchObject({ code: 'TRAINING', message: expect.stringContaining('weight of 0') });
    expect(await valuesOf(net)).toEqual(before);
    await expect(evaluate(net, none, { loss })).rejects.toThrow(/weight of 0/);
  });
});

/** The weights that `netOf` gives, in the place of what a step made of them. */
async function restart(net: LayersModel): Promise<void> {
  const fresh = await netOf({ fc: tensors(W, B), aux: tensors(V) });
  await loadStateDict(net, await stateDict(fresh));
  fresh.dispose();
}

describe('class weights', () => {
  beforeAll(() => useBackend('cpu'));

  it.each([{ 0: 1, 1: 2 }, 'balanced', [1, Number.NaN], [-1]])('%j is refused', (classWeights) => {
    for (const loss of [crossEntropy, binaryCrossEntropy])
      expect(() => loss({ classWeights: classWeights as number[] })).toThrow(
        expect.objectContaining({ code: 'INPUT' }),
      );
  });

  it("PyTorch's name of the option is no option", () => {
    expect(() => crossEntropy({ weight: [1, 2] } as object)).toThrow(/no option 'weight'/);
    expect(() => binaryCrossEntropy({ pos_weight: [1] } as object)).toThrow(/no option 'pos_weight'/);
  });

  it('a mean over labels that all weigh 0 is not a number, as in PyTorch', () => {
    const value = tf.tidy(() =>
      crossEntropy({ classWeights: [0, 1] })(tf.tensor2d([[1, 2]]), tf.tensor1d([0], 'int32')).dataSync(),
    );
    expect(value[0]).toBeNaN();
  });
});
