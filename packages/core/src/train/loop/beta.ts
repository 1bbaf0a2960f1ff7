import type { Random } from '../../random.js';

/** The logarithm of a Gamma(shape, 1) deviate (Marsaglia and Tsang, 2000): at small shapes the deviate itself is 0. */
function logGamma(shape: number, random: Random): number {
  // A deviate of a shape below 1 is one of shape + 1 times U^(1 / shape).
  if (shape < 1) return logGamma(shape + 1, random) + Math.log(1 - random.uniform()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.fillNormal(new Float32Array(1))[0]!;
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d * (1 - v + Math.log(v))) return Math.log(d * v);
  }
}

/** A deviate of Beta(alpha, alpha), 0 to 1. */
export const symmetricBeta = (alpha: number, random: Random): number =>
  1 / (1 + Math.exp(logGamma(alpha, random) - logGamma(alpha, random)));
