import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { resnet18, resnet20 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import { Random, useBackend } from '../../src/index.js';
import { sgd, train } from '../../src/train.js';
import { easyImages, InOrder, smallNet, weightValues } from './nets.js';

const random = new Random(5);
const COUNT = 4;
const STEPS = 4;
const data = new InOrder(
  [...random.fillNormal(new Float32Array(COUNT * 8 * 9 * 3))],
  [8, 9, 3],
  Array.from({ length: COUNT }, (_, i) => i % 4),
);

/** Trains a ResNet on a backend. Returns the loss of each step, and the kernels that the last one ran. */
async function trained(
  backend: 'cpu' | 'wasm',
  make: typeof resnet18 | typeof resnet20,
): Promise<{ losses: number[]; kernels: string[] }> {
  await useBackend(backend);
  const net = make({ seed: 1, numClasses: 4, inputShape: [8, 9, 3] });
  const steps = train(net, data, { optimizer: sgd({ lr: 0.002, momentum: 0.9 }), batchSize: 2, epochs: 2 });
  const losses: number[] = [];
  const next = async () => {
    const { value } = await steps.next();
    if (value) losses.push(value.loss);
    return [];
  };
  while (losses.length < STEPS - 1) await next();
  const kernels = (await tf.profile(next)).kernels.map(({ name }) => name);
  await steps.return();
  net.dispose();
  return { losses, kernels };
}

it('a ResNet trains as on the cpu backend', async () => {
  const wasm = await trained('wasm', resnet20);
  const cpu = await trained('cpu', resnet20);
  expect(wasm.losses.length).toBe(STEPS);
  wasm.losses.forEach((loss, step) => {
    expect(Math.abs(loss - cpu.losses[step]!), `step ${step}: ${wasm.losses} against ${cpu.losses}`).toBeLessThan(
      1e-3 * cpu.losses[step]!,
    );
  });
});

it('a step of ResNet-18 computes nothing that is of no use', async () => {
  const { kernels } = await trained('wasm', resnet18);
  const count = (kernel: string) => kernels.filter((name) => name === kernel).length;
  // 20 convolutions, of which the first has no gradient by the image.
  expect(count('CnnzooConv2D')).toBe(20);
  expect(count('CnnzooConv2DBackpropFilter')).toBe(20);
  expect(count('CnnzooConv2DBackpropInput')).toBe(19);
  expect(count('CnnzooBatchNormGrad')).toBe(20);
  expect(count('CnnzooSgd')).toBe(62);
  for (const absent of ['StridedSlice', 'Slice', 'PadV2', 'Transpose', 'Relu', 'Step'])
    expect(count(absent), absent).toBe(0);
});

it('goes on the same if the backend changes between steps', async () => {
  const changing = async (backends: readonly ('cpu' | 'wasm')[]) => {
    await useBackend('wasm');
    const net = smallNet({ rate: 0.3 });
    const losses: number[] = [];
    const optimizer = sgd({ lr: 0.1, momentum: 0.9 });
    for await (const { loss, step } of train(net, easyImages(64), { optimizer, batchSize: 8, random: new Random(3) })) {
      losses.push(loss);
      await useBackend(backends[step % backends.length]!);
    }
    const values = Object.fromEntries(await weightValues(net));
    net.dispose();
    return { losses, ...values };
  };
  const expected: Record<string, number[]> = await changing(['wasm']);
  const values: Record<string, number[]> = await changing(['wasm', 'cpu']);
  for (const [key, each] of Object.entries(expected))
    expect(relativeError(values[key]!, each), key).toBeLessThanOrEqual(1e-5);
});
