import {
  batchNorm,
  buildModel,
  type ConvOptions,
  concat,
  conv,
  dropout,
  flatten,
  globalAvgPool,
  identity,
  linear,
  maxPool,
  Random,
  relu,
  residual,
  sameConv,
  seq,
} from '@cnnzoo/core';
import { PixelsDataset } from '@cnnzoo/core/data';
import { withRandom } from '@cnnzoo/core/internal';
import { tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Images [8, 8, 3] -> logits of 4 classes: convolutions, BatchNorm, pooling and dropout, with one or two heads. */
export function smallNet({ rate, heads = 1 }: { rate: number; heads?: number | undefined }): LayersModel {
  const trunk = seq({
    // BatchNorm takes a bias away again: its gradient is rounding alone, which AdamW would make a step of.
    conv: sameConv(4, 3, { bias: false }),
    bn: batchNorm(),
    relu,
    pool: maxPool(2),
    conv2: conv(8, 3, { padding: 1, bias: false }),
    bn2: batchNorm(),
    relu2: relu,
    drop: dropout(rate),
  });
  const build = () =>
    buildModel(
      'small',
      (image, path) => {
        const x = globalAvgPool(trunk(image, path), 'gap');
        return Array.from({ length: heads }, (_, i) => linear(4)(x, `${path}fc${i || ''}`));
      },
      [8, 8, 3],
    );
  return withRandom(new Random(1), build);
}

/**
 * Images [8, 8, 3] -> logits of 4 classes, by each form that `compile` fuses: branches that are concatenated, a residual
 * block, groups (bundled and depthwise), dilation, a convolution without BatchNorm, and a linear layer with a ReLU. Its
 * vectors, running statistics among them, are those of no fresh net.
 */
export function branchyNet(): LayersModel {
  const unit = (filters: number, size: number, options: ConvOptions = {}) =>
    seq({ conv: conv(filters, size, { bias: false, padding: (size - 1) / 2, ...options }), bn: batchNorm(), relu });
  const layers = seq({
    stem: unit(8, 3),
    inception: concat({
      point: unit(4, 1),
      wide: seq([unit(4, 1), unit(8, 3)]),
      pool: seq([maxPool(3, 1, 1), unit(4, 1)]),
    }),
    block: residual([unit(16, 3, { groups: 4 }), conv(16, 1, { bias: false }), batchNorm()], {
      project: () => identity,
    }),
    depthwise: unit(16, 3, { groups: 16, stride: 2 }),
    dilated: unit(8, 3, { padding: 2, dilation: 2 }),
    biased: conv(8, 1),
    flatten,
    hidden: linear(12),
    relu,
    drop: dropout(0.5),
    fc: linear(4),
  });
  const random = new Random(2);
  const net = withRandom(random, () => buildModel('branchy', layers, [8, 8, 3]));
  for (const weight of net.weights)
    if (weight.shape.length === 1)
      tidy(() => void weight.write(tensor1d(random.fillUniform(new Float32Array(weight.shape[0]!), 0.4, 1.6))));
  return net;
}

/** Values of `count` images, drawn from a seed. */
export const imagesOf = (count: number, shape: readonly [number, number, number], seed = 1): Float32Array =>
  new Random(seed).fillNormal(new Float32Array(shape.reduce((product, n) => product * n, count)));

/** Data set of `count` images for `smallNet`, whose labels can be learnt. */
export function datasetOf(count: number, seed = 1): PixelsDataset {
  const shape = [8, 8, 3] as const;
  const labels = Int32Array.from({ length: count }, (_, i) => i % 4);
  const pixels = imagesOf(count, shape, seed);
  const size = pixels.length / count;
  for (let i = 0; i < pixels.length; i++) pixels[i]! += labels[Math.floor(i / size)]! - 1.5;
  return new PixelsDataset({
    pixels,
    shape,
    labels,
    categories: ['a', 'b', 'c', 'd'],
    mean: [0, 0, 0],
    std: [1, 1, 1],
    normalized: true,
  });
}
