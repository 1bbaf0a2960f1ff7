import { loadStateDict, stateDict, useBackend } from '@cnnzoo/core';
import { googlenet } from '@cnnzoo/googlenet';
import { nin_cifar } from '@cnnzoo/nin';
import { resnet18, resnet20 } from '@cnnzoo/resnet';
import { beforeAll, expect, it } from 'vitest';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';
import { inferenceGraph, quantize } from '../src/index.js';
import { KernelsEngine } from '../src/kernels/index.js';

beforeAll(async () => {
  await useBackend('wasm');
});

it.each([
  ['resnet20', resnet20, 32],
  ['nin_cifar', nin_cifar, 32],
  ['resnet18', resnet18, 64],
  ['googlenet', googlenet, 64],
] as const)('%s: near to float32, and the same bits for any number of threads', async (_name, definition, size) => {
  const net = definition({ inputShape: [size, size, 3] });
  await loadStateDict(net, syntheticCheckpoint(await stateDict(net)));
  const graph = inferenceGraph(net);
  const image = syntheticImage(size, size, 3);
  const shape = [1, size, size, 3] as const;
  const { graph: quantized } = await quantize(
    net,
    [image, syntheticImage(size, size, 3, 'other')].map((values) => ({ values, shape })),
  );
  const engine = await KernelsEngine.create(graph);
  const [expected] = await engine.run(image, shape);
  await engine.dispose();
  const answers: Float32Array[] = [];
  for (const threads of [1, 2, 3]) {
    const integers = await KernelsEngine.create(quantized, { threads });
    answers.push((await integers.run(image, shape))[0]!);
    // Memory that the first run has left behind.
    expect((await integers.run(image, shape))[0]).toEqual(answers.at(-1));
    await integers.dispose();
  }
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  const largest = Math.max(...expected!.map(Math.abs));
  const error = Math.max(...expected!.map((value, i) => Math.abs(value - answers[0]![i]!))) / largest;
  expect(error).toBeLessThan(0.1);
  expect(error).toBeGreaterThan(0);
  net.dispose();
});
