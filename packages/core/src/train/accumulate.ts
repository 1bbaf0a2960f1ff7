import * as tf from '@tensorflow/tfjs-core';
import type { Differentiated } from './differentiate.js';

/** `value` and `other` averaged, `other` with a share of 0 to 1. */
const average = (value: number, other: number, share: number): number => value + (other - value) * share;

/**
 * What one batch gave and what another gave, as if they had been one batch: the means over all their images. BatchNorm
 * sees each by itself. Takes both over; the result's gradients are the caller's.
 */
export function accumulate(one: Differentiated, other: Differentiated): Differentiated {
  const count = one.count + other.count;
  const share = other.count / count;
  const gradientOf = new Map(other.gradients.map(({ key, gradient }) => [key, gradient]));
  const gradients = one.gradients.map(({ key, variable, gradient }) => {
    const mean = tf.tidy(() => tf.add(gradient, tf.mul(tf.sub(gradientOf.get(key)!, gradient), share)));
    tf.dispose([gradient, gradientOf.get(key)!]);
    return { key, variable, gradient: mean };
  });
  return {
    gradients,
    count,
    loss: average(one.loss, other.loss, share),
    losses: one.losses.map((loss, i) => average(loss, other.losses[i]!, share)),
    accuracy: average(one.accuracy, other.accuracy, share),
  };
}
