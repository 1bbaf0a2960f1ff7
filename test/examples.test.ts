// Nets composed of core's layers and the families' blocks, as in examples/.
import { readFileSync } from 'node:fs';
import { loadStateDict, stateDict, summary, useBackend } from '@cnnzoo/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { textbookResnet18 } from '../examples/textbook-resnet18.js';
import { vggWithInception } from '../examples/vgg-with-inception.js';
import { type Golden, logitsOf, PARITY } from './harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from './harness/synthetic.js';

beforeAll(async () => {
  await useBackend('wasm');
});

// Golden made by tools/weights/torch/golden.py textbook_resnet18 64x64 65x65 72x91
it("the textbook's ResNet-18 answers as the same net in PyTorch", async () => {
  const golden: Golden = JSON.parse(readFileSync(new URL('goldens/textbook_resnet18.json', import.meta.url), 'utf8'));
  const net = textbookResnet18([null, null, 3]);
  await loadStateDict(net, syntheticCheckpoint(await stateDict(net), golden.seed));
  for (const { height, width, largest, logits } of golden.cases) {
    const shape = [height, width, 3] as const;
    const received = logitsOf(net, syntheticImage(...shape, golden.seed), [...shape]);
    for (const [i, expected] of logits.entries())
      expect(Math.abs(received[i]! - expected) / largest, `${height} x ${width}`).toBeLessThanOrEqual(PARITY);
  }
  net.dispose();
});

it("a VGG with GoogLeNet's block has the keys of both, and learns in all of them", async () => {
  const net = vggWithInception();
  expect((await stateDict(net)).get('mixed.branch3.1.conv.weight')!.shape).toEqual([16, 8, 3, 3]);
  expect((await stateDict(net)).get('block4.2.weight')!.shape).toEqual([128, 128, 3, 3]);
  expect(summary(net).rows.find(({ name }) => name === 'mixed.concat')!.output).toEqual([8, 8, 128]);
  tf.tidy(() => {
    const x = tf.tensor4d(syntheticImage(32, 32, 3), [1, 32, 32, 3]);
    const variables = net.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.square(net.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar,
      variables,
    );
    for (const { name } of variables) expect(tf.max(tf.abs(grads[name]!)).dataSync()[0], name).toBeGreaterThan(0);
  });
  net.dispose();
});
