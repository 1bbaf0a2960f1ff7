import { loadStateDict, type ModelDefinition, stateDict, type WeightsSource } from '@cnnzoo/core';
import { type Golden, logitsOf } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';

/**
 * Returns the largest max|difference| / max|logit| over a golden's sizes, with its synthetic checkpoint or a file that
 * holds it.
 */
export async function worstError(
  definition: ModelDefinition,
  { seed, cases }: Golden,
  weights?: WeightsSource,
): Promise<number> {
  const [, , channels] = definition.inputShape;
  const errors: number[] = [];
  for (const { height, width, largest, logits } of cases) {
    const shape: [number, number, number] = [height, width, channels];
    const net = definition({ inputShape: shape });
    try {
      await loadStateDict(net, weights ?? syntheticCheckpoint(await stateDict(net), seed));
      const received = logitsOf(net, syntheticImage(...shape, seed), shape);
      errors.push(...logits.map((expected, i) => Math.abs(received[i]! - expected) / largest));
    } finally {
      net.dispose();
    }
  }
  // Comparisons with NaN are false, so a NaN would pass unnoticed.
  return errors.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...errors);
}
