import * as tf from '@tensorflow/tfjs-core';
import { type Differentiated, divisorOf } from './step.js';

/**
 * The results of two batches as if they had been one: each mean divides by the weights, or the images, of both. BatchNorm
 * sees each batch by itself. Takes both over; the result's gradients are the caller's.
 */
export function accumulate(one: Differentiated, other: Differentiated): Differentiated {
  const count = one.count + other.count;
  const weight = one.weight + other.weight;
  const [ofOne, ofOther] = [one, other].map((part) => divisorOf(part) / divisorOf({ weight })) as [number, number];
  const mean = (a: number, b: number): number => a * ofOne + b * ofOther;
  const gradientOf = new Map(other.gradients.map(({ key, gradient }) => [key, gradient]));
  const gradients = one.gradients.map(({ key, variable, gradient }) => {
    const mean = tf.tidy(() => tf.add(tf.mul(gradient, ofOne), tf.mul(gradientOf.get(key)!, ofOther)));
    tf.dispose([gradient, gradientOf.get(key)!]);
    return { key, variable, gradient: mean };
  });
  return {
    gradients,
    count,
    weight,
    loss: mean(one.loss, other.loss),
    losses: one.losses.map((loss, i) => mean(loss, other.losses[i]!)),
    accuracy: (one.accuracy * one.count + other.accuracy * other.count) / count,
  };
}
