/**
 * Scenarios on a GPU backend, each against wasm. They run in a page (page.test.ts) and in a process (node.test.ts), and
 * return what is compared.
 */
import {
  type BackendName,
  Classifier,
  CnnzooError,
  compile,
  loadStateDict,
  Random,
  stateDict,
  useBackend,
} from '@cnnzoo/core';

import { adamW, evaluate, fit, freeze, mixup, type Optimizer, rmsprop, sgd, train } from '@cnnzoo/core/train';
import { lenet5_relu } from '@cnnzoo/lenet';
import { nin_cifar } from '@cnnzoo/nin';
import { resnet20 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { lose } from './lose.js';

export { draws } from './draws.js';

import { branchyNet, datasetOf, imagesOf, smallNet } from './nets.js';

export type Gpu = Extract<BackendName, 'webgl' | 'webgpu'>;

/** Values of two runs that should be equal, by name: the GPU's and wasm's. */
export type Compared = Record<string, { readonly gpu: readonly number[]; readonly wasm: readonly number[] }>;

/** Runs `work` on wasm and on the GPU. */
async function onBoth(gpu: Gpu, work: () => Promise<Record<string, readonly number[]>>): Promise<Compared> {
  await useBackend('wasm');
  const wasm = await work();
  await useBackend(gpu);
  const values = await work();
  return Object.fromEntries(Object.keys(wasm).map((name) => [name, { gpu: values[name]!, wasm: wasm[name]! }]));
}

/** Nets of `forward`: those that are shipped with their weights, on small images, and one of each form that `compile`
 * fuses. */
export const NETS: Record<string, () => LayersModel | Promise<LayersModel>> = {
  lenet5_relu: async () => (await lenet5_relu.pretrained()).model,
  nin_cifar: async () => (await nin_cifar.pretrained({ inputShape: [8, 8, 3] })).model,
  resnet20: async () => (await resnet20.pretrained({ inputShape: [16, 16, 3] })).model,
  branchy: branchyNet,
};

/** A net's answers, and those of the same net compiled. */
export const forward = (gpu: Gpu, name: string): Promise<Compared> =>
  onBoth(gpu, async () => {
    const before = tf.memory().numTensors;
    const net = await NETS[name]!();
    const fused = await compile(net);
    const [height, width, channels] = net.inputs[0]!.shape.slice(1) as [number, number, number];
    const x = tf.tensor4d(imagesOf(1, [height, width, channels]), [1, height, width, channels]);
    const results: Record<string, number[]> = {};
    for (const [form, model] of Object.entries({ plain: net, compiled: fused })) {
      const y = model.predict(x) as tf.Tensor;
      results[form] = [...(await y.data())];
      y.dispose();
      model.dispose();
    }
    x.dispose();
    return { ...results, tensors: [tf.memory().numTensors - before] };
  });

/**
 * Trainings of a small net. Their losses are compared, and their weights unless `lossesAlone` is set: RMSprop divides by
 * the root of an average that begins at 0, so its first steps magnify rounding (1.5e-5 of a weight, measured on webgl).
 */
export const TRAININGS: Record<
  string,
  {
    optimizer: () => Optimizer;
    frozen?: readonly string[];
    mixes?: true;
    heads?: number;
    lossesAlone?: true;
    epochs?: number;
  }
> = {
  sgd: { optimizer: () => sgd({ lr: 0.05, momentum: 0.9, weightDecay: 1e-4 }) },
  adamW: { optimizer: () => adamW({ lr: 1e-3 }) },
  rmsprop: { optimizer: () => rmsprop({ lr: 1e-3 }), lossesAlone: true },
  'sgd, BatchNorm frozen': { optimizer: () => sgd({ lr: 0.05 }), frozen: ['bn'], epochs: 3 },
  'sgd, mixup': { optimizer: () => sgd({ lr: 0.05 }), mixes: true, epochs: 3 },
  'adamW, auxiliary head': { optimizer: () => adamW({ lr: 1e-3 }), heads: 2, epochs: 3 },
};

export const training = (gpu: Gpu, name: string): Promise<Compared> =>
  onBoth(gpu, async () => {
    const { optimizer, epochs = 5, frozen, mixes, heads, lossesAlone } = TRAININGS[name]!;
    const net = smallNet({ rate: 0.2, heads });
    if (frozen) freeze(net, frozen);
    const losses: number[] = [];
    const options = { epochs, batchSize: 4, random: new Random(3), ...(mixes && { mix: mixup() }) };
    for await (const { loss } of train(net, await datasetOf(16), { optimizer: optimizer(), ...options }))
      losses.push(loss);
    const results = { losses, ...(!lossesAlone && (await weightsOf(net))) };
    net.dispose();
    return results;
  });

/** `fit` with an average of weights, validation and early stopping. */
export const fitting = (gpu: Gpu, checkpoint?: Partial<Record<'gpu' | 'wasm', string>>): Promise<Compared> =>
  onBoth(gpu, async () => {
    const net = smallNet({ rate: 0.2 });
    const directory = checkpoint?.[tf.getBackend() === 'wasm' ? 'wasm' : 'gpu'];
    const { epochs } = await fit(net, await datasetOf(12), {
      optimizer: adamW({ lr: 2e-3 }),
      epochs: 4,
      batchSize: 4,
      seed: 5,
      ema: { decay: 0.9 },
      validation: await datasetOf(8, 7),
      earlyStopping: { patience: 2, monitor: 'loss' },
      ...(directory && { checkpoint: directory }),
    });
    const losses = epochs.flatMap(({ loss, validation }) => [loss, validation!.loss]);
    const results = { losses, ...(await weightsOf(net)) };
    net.dispose();
    return results;
  });

/** A training that changes backends after each step, against one that stays on wasm. */
export async function moving(gpu: Gpu): Promise<Compared & { tensors: { gpu: number[]; wasm: number[] } }> {
  const run = async (backends: readonly BackendName[]) => {
    await useBackend('wasm');
    const before = tf.memory().numTensors;
    const net = smallNet({ rate: 0.2 });
    const options = { optimizer: adamW({ lr: 1e-3 }), epochs: 4, batchSize: 4, random: new Random(3) };
    const losses: number[] = [];
    for await (const { loss, step } of train(net, await datasetOf(16), options)) {
      losses.push(loss);
      const next = backends[step % backends.length]!;
      // Half the changes happen while the next step is under way.
      if (step % 2) await useBackend(next);
      else void useBackend(next);
    }
    const results = { losses, ...(await weightsOf(net)) };
    net.dispose();
    return { ...results, tensors: [tf.memory().numTensors - before] };
  };
  const wasm: Record<string, readonly number[]> = await run(['wasm']);
  const values: Record<string, readonly number[]> = await run([gpu, 'wasm', gpu, 'cpu']);
  return Object.fromEntries(
    Object.keys(wasm).map((name) => [name, { gpu: values[name]!, wasm: wasm[name]! }]),
  ) as Awaited<ReturnType<typeof moving>>;
}

/** Outcome of one piece of work during which the GPU was lost. */
export interface Loss {
  readonly work: string;
  /** Milliseconds from the work's beginning to the loss. */
  readonly delay: number;
  /** Error's code; 'done' if the work had ended before the loss; 'wrong' for an answer other than wasm's. */
  readonly outcome: string;
  /** Outcome of the net's next use, on the lost backend, on the same started anew, and on wasm. */
  readonly later: readonly string[];
  /** true if a new net on the backend, started anew, answers as on wasm. */
  readonly goesOn: boolean;
  /** Tensors that are left behind. */
  readonly tensors: number;
}

/** Loses the GPU at a random moment of each piece of work, `times` times in all. */
export async function losing(gpu: Gpu, times: number, seed: number): Promise<Loss[]> {
  const random = new Random(seed);
  const losses: Loss[] = [];
  const image = { width: 8, height: 8, data: new Uint8ClampedArray(8 * 8 * 4).map((_, i) => (i * 37) % 256) };
  const classifier = () =>
    new Classifier({
      model: smallNet({ rate: 0.2 }),
      preprocessing: {
        resize: 8,
        crop: [8, 8],
        channels: 3,
        mean: [0.5, 0.5, 0.5],
        std: [0.25, 0.25, 0.25],
        interpolation: 'bilinear',
      },
      categories: null,
    });
  await useBackend('wasm');
  const reference = classifier();
  const scores = async (net: Classifier) =>
    (await net.classify(image as never)).sort((a, b) => a.index - b.index).map(({ score }) => score);
  const expected = await scores(reference);
  const state = await stateDict(reference.model);
  reference.dispose();
  const isRight = (values: readonly number[]) => values.every((value, i) => Math.abs(value - expected[i]!) < 1e-5);

  const works: Record<string, (net: Classifier) => Promise<boolean>> = {
    classify: async (net) => isRight(await scores(net)),
    activations: async (net) => {
      const { gap } = await net.activations(image as never, ['gap']);
      try {
        return (await gap.data()).some((value) => value !== 0);
      } finally {
        gap.dispose();
      }
    },
    fit: async (net) => {
      const data = await datasetOf(8);
      const { epochs } = await fit(net, data, {
        optimizer: adamW({ lr: 1e-3 }),
        epochs: 2,
        batchSize: 4,
        ema: { decay: 0.9 },
      });
      return epochs.every(({ loss }) => loss > 0);
    },
    evaluate: async (net) => (await evaluate(net, await datasetOf(8), { batchSize: 4 })).loss > 0,
    save: async (net) =>
      [...(await stateDict(net.model))].every(([key, { data }]) => sameValues(data, state.get(key)!.data)),
    load: async (net) => {
      await loadStateDict(net.model, state);
      return isRight(await scores(net));
    },
  };
  await useBackend(gpu);
  // The shaders are compiled with the first run of each, so that the moments are those of the work.
  const durations: Record<string, number> = {};
  for (const [name, work] of Object.entries(works))
    for (let i = 0; i < 2; i++) {
      const net = classifier();
      const begin = performance.now();
      if (!(await work(net))) throw new Error(`${name}: wrong without a loss`);
      durations[name] = performance.now() - begin;
      net.dispose();
    }
  const before = tf.memory().numTensors;
  for (let i = 0; i < times; i++) {
    const name = Object.keys(works)[i % Object.keys(works).length]!;
    const net = classifier();
    const delay = random.uniform() * durations[name]!;
    const work = outcomeOf(() => works[name]!(net));
    await new Promise((resolve) => setTimeout(resolve, delay));
    lose(gpu);
    const outcome = await work;
    const use = () => outcomeOf(async () => isRight(await scores(net)));
    const later = [await use()];
    await useBackend();
    later.push(tf.getBackend(), await use());
    await useBackend('wasm');
    later.push(await use());
    net.dispose();
    await useBackend(gpu);
    const next = classifier();
    const goesOn = isRight(await scores(next));
    next.dispose();
    losses.push({ work: name, delay, outcome, later, goesOn, tensors: tf.memory().numTensors - before });
  }
  return losses;
}

/** Longest wait for any work, in milliseconds, after which it is said to hang. */
const HANGS_MS = 60_000;

async function outcomeOf(work: () => Promise<boolean>): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hang = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('hangs'), HANGS_MS);
  });
  const result = work().then(
    (isRight) => (isRight ? 'done' : 'wrong'),
    (error) => (error instanceof CnnzooError ? error.code : String((error as Error).stack ?? error)),
  );
  return Promise.race([result, hang]).finally(() => clearTimeout(timer));
}

/** Sum of many tensors, which tfjs' own webgpu kernel can't bind at once. */
export const sums = (gpu: Gpu): Promise<Compared> =>
  onBoth(gpu, async () => {
    const before = tf.memory().numTensors;
    const terms = Array.from({ length: 40 }, (_, i) => tf.fill([3], 2 ** (i % 8)));
    const results: Record<string, number[]> = {};
    for (const count of [1, 7, 8, 13, 14, 40]) {
      const sum = tf.addN(terms.slice(0, count));
      results[count] = [...(await sum.data())];
      sum.dispose();
    }
    tf.dispose(terms);
    return { ...results, tensors: [tf.memory().numTensors - before] };
  });

/** Error of a synchronous read: its code and message. */
export async function reading(gpu: Gpu): Promise<string> {
  await useBackend(gpu);
  const x = tf.tidy(() => tf.add(tf.ones([100_000]), 1));
  try {
    return [...new Set(x.dataSync())].join();
  } catch (error) {
    return `${(error as CnnzooError).code}: ${(error as Error).message}`;
  } finally {
    x.dispose();
  }
}

/** Outcome of a read after a fault of the device that loses no device: a buffer above the device's limit. */
export async function tooLarge(): Promise<string[]> {
  await useBackend('webgpu');
  const { maxBufferSize } = (tf.backend() as unknown as { device: { limits: { maxBufferSize: number } } }).device
    .limits;
  const messages: string[] = [];
  let largest: tf.Tensor | undefined;
  try {
    largest = tf.tidy(() => tf.max(tf.add(tf.fill([Math.ceil(maxBufferSize / 4) + 256], 3), 1)));
    messages.push(`read ${(await largest.data())[0]}`, '');
  } catch (error) {
    messages.push((error as CnnzooError).code, (error as Error).message);
  }
  largest?.dispose();
  messages.push(await useBackend());
  const two = tf.tidy(() => tf.add(tf.ones([1]), 1));
  messages.push(`read ${(await two.data())[0]}`);
  two.dispose();
  return messages;
}

/** Error of `useBackend`: its message. Empty if it works. */
export async function message(names: BackendName | BackendName[]): Promise<string> {
  try {
    await useBackend(names);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const sameValues = (a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean =>
  Array.from(a).every((value, i) => value === b[i]);

async function weightsOf(net: LayersModel): Promise<Record<string, number[]>> {
  return Object.fromEntries([...(await stateDict(net))].map(([key, { data }]) => [key, [...(data as Float32Array)]]));
}
