/**
 * AlexNet, in the one-column form of "One weird trick for parallelizing convolutional neural networks"
 * (https://arxiv.org/abs/1404.5997) that torchvision has: without the two GPUs' groups and without local response
 * normalisation of "ImageNet Classification with Deep Convolutional Neural Networks" (Krizhevsky et al., 2012).
 *
 * LeNet's plan at the scale of photographs: more and wider layers, ReLU, and dropout, since 59 million parameters in
 * linear layers would otherwise memorise the images. Data augmentation, the other remedy, is part of training.
 */
import {
  adaptiveAvgPool,
  conv,
  type DropoutOptions,
  dropout,
  flatten,
  globalAvgPool,
  head,
  type Layer,
  linear,
  maxPool,
  type NetOptions,
  relu,
  seq,
} from '@cnnzoo/core/family';

const features = seq([
  conv(64, 11, { stride: 4, padding: 2 }),
  relu,
  maxPool(3, 2),
  conv(192, 5, { padding: 2 }),
  relu,
  maxPool(3, 2),
  conv(384, 3, { padding: 1 }),
  relu,
  conv(256, 3, { padding: 1 }),
  relu,
  conv(256, 3, { padding: 1 }),
  relu,
  maxPool(3, 2),
]);

/** Options of AlexNet's builder. */
export type AlexNetOptions = DropoutOptions;

/**
 * Images [n, 224, 224, 3] (from 63 px on) -> logits [n, 1000].
 *
 * @example
 * ```ts
 * import { alexNet } from '@cnnzoo/alexnet';
 * import { buildModel } from '@cnnzoo/core';
 *
 * buildModel('own', alexNet({ numClasses: 10, dropout: 0.2 }), [224, 224, 3]);
 * ```
 */
export const alexNet = ({ numClasses, dropout: rate = 0.5 }: NetOptions<AlexNetOptions>): Layer =>
  seq({
    features,
    avgpool: adaptiveAvgPool(6),
    flatten,
    classifier: seq([dropout(rate), linear(4096), relu, dropout(rate), linear(4096), relu, head(numClasses)]),
  });

/** AlexNet with global average pooling and one linear layer in the place of its classifier. */
export const alexNetBackbone = ({ numClasses }: NetOptions<AlexNetOptions>): Layer =>
  seq({ features, avgpool: globalAvgPool, head: head(numClasses) });
