/**
 * A net of your own: ResNet-18 as textbooks build it, whose convolutions have biases and whose shortcuts are 1x1
 * convolutions without BatchNorm. Its keys are those of the same nn.Sequential in PyTorch.
 *
 *   pnpm exec tsx examples/textbook-resnet18.ts
 */
import {
  batchNorm,
  buildModel,
  globalAvgPool,
  type InputShape,
  identity,
  linear,
  maxPool,
  relu,
  residual,
  sameConv,
  seq,
  summary,
  useBackend,
} from '@cnnzoo/core';

const biased = (channels: number, kernelSize: number, stride = 1) => sameConv(channels, kernelSize, { stride });
const block = (width: number, stride = 1) =>
  residual(
    { conv1: biased(width, 3, stride), bn1: batchNorm(), relu, conv2: biased(width, 3), bn2: batchNorm() },
    { stride, project: (channels, stride) => biased(channels, 1, stride) },
  );
const stage = (width: number, stride: number) => seq([block(width, stride), block(width)]);
const stem = seq([biased(64, 7, 2), batchNorm(), relu, maxPool(3, 2, 1)]);
const flat = identity; // takes nn.Flatten's place: the pooling already returns [n, c]
const net = seq([stem, stage(64, 1), stage(128, 2), stage(256, 2), stage(512, 2), globalAvgPool, flat, linear(10)]);

/** Builds the net. A backend has to be set. */
export const textbookResnet18 = (inputShape: InputShape = [224, 224, 3]) =>
  buildModel('textbook_resnet18', net, inputShape);

if (process.argv[1]?.endsWith('textbook-resnet18.ts')) {
  await useBackend();
  console.log(String(summary(textbookResnet18())));
}
