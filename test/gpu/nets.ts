import {
  batchNorm,
  buildModel,
  conv,
  dropout,
  globalAvgPool,
  linear,
  maxPool,
  Random,
  relu,
  sameConv,
  seq,
} from '@cnnzoo/core';
import { PixelsDataset } from '@cnnzoo/core/data';
import { withRandom } from '@cnnzoo/core/internal';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Images [12, 12, 3] -> logits of 4 classes: convolutions, BatchNorm, pooling and dropout, with one or two heads. */
export function smallNet({ rate, heads = 1 }: { rate: number; heads?: number | undefined }): LayersModel {
  const trunk = seq({
    // BatchNorm takes a bias away again: its gradient is rounding alone, which AdamW would make a step of.
    conv: sameConv(8, 3, { bias: false }),
    bn: batchNorm(),
    relu,
    pool: maxPool(2),
    conv2: conv(12, 3, { padding: 1, bias: false }),
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
      [12, 12, 3],
    );
  return withRandom(new Random(1), build);
}

/** Values of `count` images, drawn from a seed. */
export const imagesOf = (count: number, shape: readonly [number, number, number], seed = 1): Float32Array =>
  new Random(seed).fillNormal(new Float32Array(shape.reduce((product, n) => product * n, count)));

/** Data set of `count` images for `smallNet`, whose labels can be learnt. */
export function datasetOf(count: number, seed = 1): PixelsDataset {
  const shape = [12, 12, 3] as const;
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
