import * as tf from '@tensorflow/tfjs-core';
import type { Targets } from '../../data/late.js';
import { CnnzooError, type Random } from '../../util/index.js';
import { withConfig } from '../optim/index.js';
import { softTargets } from './loss.js';

/** Images with their targets. */
export interface Images {
  /** float32 [n, height, width, channels]. */
  readonly x: tf.Tensor4D;
  /** Labels, int32 [n], or soft targets, float32 [n, classes]. */
  readonly y: Targets;
}

/**
 * A function that mixes the images of a batch with one another. Returns new tensors: the mixed images and their soft
 * targets, float32 [n, classes]. `random` is the run's generator.
 */
export type Mix = (images: Images, classes: number, random: Random) => Images;

function checkAlpha(name: string, alpha: number): void {
  if (alpha > 0 && Number.isFinite(alpha)) return;
  throw new CnnzooError('INPUT', `${name}: expected alpha above 0, received ${alpha}.`);
}

/** Each row's partner is the row before it, as in torchvision: the batch itself is in random order. */
const partners = <T extends tf.Tensor>(rows: T): T => {
  const n = rows.shape[0]!;
  return tf.concat([tf.slice(rows, n - 1, 1), tf.slice(rows, 0, n - 1)]) as T;
};

/** Returns `fraction` of one and the rest of another. */
const blend = <T extends tf.Tensor>(one: T, another: T, fraction: number): T =>
  tf.add(tf.mul(one, fraction), tf.mul(another, 1 - fraction)) as T;

/**
 * Builds a mix that turns every image into lambda of itself and 1 - lambda of its partner, and its targets likewise.
 * lambda is drawn from Beta(alpha, alpha) for the batch. Source: Zhang et al., https://arxiv.org/abs/1710.09412;
 * torchvision.transforms.v2.MixUp.
 *
 * @param alpha above 0: small values leave most images nearly unmixed. Default: 0.2.
 * @throws CnnzooError INPUT for an `alpha` that is not above 0.
 *
 * @example
 * ```ts
 * import { cutmix, mixup, sgd, type TrainOptions } from '@cnnzoo/core/train';
 *
 * const options: TrainOptions = { optimizer: sgd({ lr: 0.1 }), mix: [mixup(), cutmix()] };
 * ```
 */
export function mixup(alpha = 0.2): Mix {
  checkAlpha('mixup', alpha);
  const mix: Mix = ({ x, y }, classes, random) => {
    const lambda = symmetricBeta(alpha, random);
    return tf.tidy(() => {
      const soft = softTargets(y, classes);
      return { x: blend(x, partners(x), lambda), y: blend(soft, partners(soft), lambda) };
    });
  };
  return withConfig(mix, { name: 'mixup', alpha });
}

/** A box of pixels: rows top to bottom - 1, columns left to right - 1. */
export interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Draws a box of 1 - lambda of the image, its centre anywhere in the image, cut off at the edges. */
export function cutmixBox(lambda: number, height: number, width: number, random: Random): Box {
  const half = 0.5 * Math.sqrt(1 - lambda);
  const [row, column] = [random.integer(height), random.integer(width)];
  const span = (centre: number, size: number): [number, number] => {
    const reach = Math.trunc(half * size);
    return [Math.max(centre - reach, 0), Math.min(centre + reach, size)];
  };
  const [top, bottom] = span(row, height);
  const [left, right] = span(column, width);
  return { top, bottom, left, right };
}

/**
 * Builds a mix that pastes a box of each image's partner into the image, at one place for the whole batch, and divides
 * the targets by area. The box follows from a lambda drawn from Beta(alpha, alpha). Source: Yun et al.,
 * https://arxiv.org/abs/1905.04899; torchvision.transforms.v2.CutMix.
 *
 * @param alpha above 0. Default: 1, which makes all lambdas equally likely.
 * @throws CnnzooError INPUT for an `alpha` that is not above 0.
 *
 * @example
 * ```ts
 * import { adamW, cutmix, type TrainOptions } from '@cnnzoo/core/train';
 *
 * const options: TrainOptions = { optimizer: adamW({ lr: 1e-3 }), mix: cutmix() };
 * ```
 */
export function cutmix(alpha = 1): Mix {
  checkAlpha('cutmix', alpha);
  const mix: Mix = ({ x, y }, classes, random) => {
    const [, height, width] = x.shape;
    const { top, bottom, left, right } = cutmixBox(symmetricBeta(alpha, random), height, width, random);
    const kept = 1 - ((bottom - top) * (right - left)) / (height * width);
    return tf.tidy(() => {
      const inBox = new Float32Array(height * width);
      for (let row = top; row < bottom; row++) inBox.fill(1, row * width + left, row * width + right);
      const mask = tf.tensor4d(inBox, [1, height, width, 1]);
      const soft = softTargets(y, classes);
      // Multiplied by exactly 0 or 1, so pixels keep their bits.
      const pasted = tf.add(tf.mul(x, tf.sub(1, mask)), tf.mul(partners(x), mask)) as tf.Tensor4D;
      return { x: pasted, y: blend(soft, partners(soft), kept) };
    });
  };
  return withConfig(mix, { name: 'cutmix', alpha });
}

/** Draws the logarithm of a Gamma(shape, 1) deviate (Marsaglia and Tsang, 2000). At small shapes the deviate itself is 0. */
function logGamma(shape: number, random: Random): number {
  // A deviate of a shape below 1 is one of shape + 1, times U^(1 / shape).
  if (shape < 1) return logGamma(shape + 1, random) + Math.log(1 - random.uniform()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.fillNormal(new Float32Array(1))[0]!;
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d * (1 - v + Math.log(v))) return Math.log(d * v);
  }
}

/** Draws from Beta(alpha, alpha): 0 to 1. */
export const symmetricBeta = (alpha: number, random: Random): number =>
  1 / (1 + Math.exp(logGamma(alpha, random) - logGamma(alpha, random)));
