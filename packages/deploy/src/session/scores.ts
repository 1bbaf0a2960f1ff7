import type { OutputActivation } from '@cnnzoo/core';

/** Softmax of an image's logits, or the logistic function of each. */
export function scoresOf(logits: Float32Array, activation: OutputActivation): Float32Array {
  if (activation === 'sigmoid') return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return Float32Array.from(powers, (power) => power / sum);
}
