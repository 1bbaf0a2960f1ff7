/**
 * Blocks of two families in one net: VGG, with an inception block in place of its third stage.
 *
 *   pnpm exec tsx examples/vgg-with-inception.ts
 */
import { buildModel, globalAvgPool, type InputShape, linear, maxPool, seq, summary, useBackend } from '@cnnzoo/core';
import { inception } from '@cnnzoo/googlenet';
import { vggBlock } from '@cnnzoo/vgg';

const net = seq({
  block1: vggBlock(1, 32),
  block2: vggBlock(1, 64),
  mixed: inception([32, 48, 64, 8, 16, 16]),
  pool: maxPool(2),
  block4: vggBlock(2, 128),
  mean: globalAvgPool,
  fc: linear(10),
});

/** Builds the net. A backend has to be set. */
export const vggWithInception = (inputShape: InputShape = [32, 32, 3]) =>
  buildModel('vgg_with_inception', net, inputShape);

if (process.argv[1]?.endsWith('vgg-with-inception.ts')) {
  await useBackend();
  console.log(String(summary(vggWithInception())));
}
