import { loadStateDict, type ModelDefinition, stateDict } from '@cnnzoo/core';
import { type Golden, logitsOf } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';

/** The worst of max|difference| / max|logit| over a golden's sizes, under its synthetic checkpoint. */
export async function worstError(definition: ModelDefinition, { seed, cases }: Golden): Promise<number> {
  const [, , channels] = definition.inputShape;
  let worst = 0;
  for (const { height, width, largest, logits } of cases) {
    const shape: [number, number, number] = [height, width, channels];
    const net = definition({ inputShape: shape });
    try {
      await loadStateDict(net, syntheticCheckpoint(stateDict(net), seed));
      const received = logitsOf(net, syntheticImage(...shape, seed), shape);
      const errors = logits.map((expected, i) => Math.abs(received[i]! - expected) / largest);
      // A logit that is no number must not lose the comparison.
      worst = errors.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(worst, ...errors);
    } finally {
      net.dispose();
    }
  }
  return worst;
}
