import * as tf from '@tensorflow/tfjs-core';
import type { Targets } from '../../data/dataset.js';
import { CnnzooError } from '../../errors.js';
import type { Random } from '../../random.js';
import { withConfig } from '../optim/index.js';
import { symmetricBeta } from './beta.js';
import { asShares } from './targets.js';

/** Images float32 [n, h, w, c] with their targets. */
export interface Images {
  readonly x: tf.Tensor4D;
  readonly y: Targets;
}

/** Images mixed with one another, and their shares of the classes, float32 [n, classes]: new tensors. */
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

/** `share` of one, the rest of another. */
const blend = <T extends tf.Tensor>(one: T, another: T, share: number): T =>
  tf.add(tf.mul(one, share), tf.mul(another, 1 - share)) as T;

/**
 * Every image becomes lambda of itself and 1 - lambda of its partner, and so do its targets; lambda is drawn from
 * Beta(alpha, alpha) for the batch (Zhang et al., https://arxiv.org/abs/1710.09412; torchvision.transforms.v2.MixUp).
 */
export function mixup(alpha = 0.2): Mix {
  checkAlpha('mixup', alpha);
  const mix: Mix = ({ x, y }, classes, random) => {
    const lambda = symmetricBeta(alpha, random);
    return tf.tidy(() => {
      const shares = asShares(y, classes);
      return { x: blend(x, partners(x), lambda), y: blend(shares, partners(shares), lambda) };
    });
  };
  return withConfig(mix, { name: 'mixup', alpha });
}

/** Rows top to bottom - 1 and columns left to right - 1. */
export interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** A box of 1 - lambda of the image, its centre anywhere in the image, cut off at the edges. */
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
 * Every image has a box of its partner pasted in, at the same place in the whole batch, and the targets are shared out
 * by area; the box follows from a lambda drawn from Beta(alpha, alpha) (Yun et al., https://arxiv.org/abs/1905.04899;
 * torchvision.transforms.v2.CutMix).
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
      const shares = asShares(y, classes);
      // Multiplied by exactly 0 or 1: what is kept and what is pasted keep their bits.
      const pasted = tf.add(tf.mul(x, tf.sub(1, mask)), tf.mul(partners(x), mask)) as tf.Tensor4D;
      return { x: pasted, y: blend(shares, partners(shares), kept) };
    });
  };
  return withConfig(mix, { name: 'cutmix', alpha });
}
