// Our integers against onnxruntime's, on the ONNX file of the same quantized graph.
import { type Classifier, loadStateDict, type ModelDefinition, stateDict, useBackend } from '@cnnzoo/core';
import { googlenet } from '@cnnzoo/googlenet';
import { lenet5_relu } from '@cnnzoo/lenet';
import { nin_cifar } from '@cnnzoo/nin';
import { resnet18, resnet20 } from '@cnnzoo/resnet';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { syntheticCheckpoint, uniform } from '../../../test/harness/synthetic.js';
import { createSession, type QuantizedGraph, quantize } from '../src/index.js';

beforeAll(async () => {
  await useBackend('wasm');
});

/** Images [n, size, size, channels] of stripes and noise, as a net sees them. */
function imagesOf(count: number, size: number, channels: number): Float32Array {
  const noise = uniform('noise', count * size * size * channels, -1, 1);
  return noise.map((value, i) => value * 0.5 + 1.5 * Math.sin(i / 17) * Math.sin(i / (size * channels * 3)));
}

/** Compares the logits of the engines, in quantization steps: the span of an image's logits / 255. */
async function expectAgreement(graph: QuantizedGraph, values: Float32Array, shape: [number, number, number, number]) {
  const logits: Float32Array[] = [];
  for (const engine of ['kernels', 'onnxruntime-web', 'onnxruntime-node'] as const) {
    const session = await createSession(graph, { engine });
    logits.push(await session.run(values, shape));
    await session.dispose();
  }
  const [ours, ...theirs] = logits as [Float32Array, ...Float32Array[]];
  const classes = ours.length / shape[0];
  for (const other of theirs)
    for (let image = 0; image < shape[0]; image++) {
      const [a, b] = [ours, other].map((all) => all.subarray(image * classes, (image + 1) * classes));
      const step = (Math.max(...b!) - Math.min(...b!)) / 255;
      const difference = Math.max(...a!.map((value, i) => Math.abs(value - b![i]!)));
      expect(difference).toBeLessThanOrEqual(step);
    }
}

it.each([
  ['resnet20', resnet20],
  ['nin_cifar', nin_cifar],
  ['lenet5_relu', lenet5_relu],
])('%s, trained: within a step of the logits', async (_name, definition) => {
  const net: Classifier = await definition.pretrained();
  const { crop, channels } = net.preprocessing;
  const shape: [number, number, number, number] = [8, crop[0], crop[1], channels];
  const values = imagesOf(8, crop[0], channels);
  const { graph } = await quantize(net, { values, shape });
  net.dispose();
  await expectAgreement(graph, values, shape);
});

it.each([
  ['resnet18', resnet18],
  ['googlenet', googlenet],
] as const)('%s, not square: within a step of the logits', async (_name, any) => {
  const definition = any as unknown as ModelDefinition;
  const net: LayersModel = definition({ inputShape: [64, 80, 3] });
  await loadStateDict(net, syntheticCheckpoint(await stateDict(net)));
  const values = uniform('images', 2 * 64 * 80 * 3, -2, 2);
  const { graph } = await quantize(net, { values, shape: [2, 64, 80, 3] });
  net.dispose();
  await expectAgreement(graph, values, [2, 64, 80, 3]);
});
