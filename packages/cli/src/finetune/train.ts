import { adamW, cosine, fit, type History } from '@cnnzoo/core/train';
import { epochLine } from '../progress/index.js';
import type { Job } from './job.js';
import { placesIn } from './out.js';
import { augmentOf, learningRate } from './settings.js';

/** Trains the net. A bar shows features, steps and validations, and each epoch leaves a line. */
export async function train({ out, options, data, net, progress, context }: Job): Promise<History> {
  const { epochs, batchSize, seed, freeze, resume = false } = options;
  const places = placesIn(out);
  const isFrozen = freeze === 'backbone';
  return fit(net, data.train, {
    epochs,
    batchSize,
    seed,
    resume,
    optimizer: adamW({ lr: cosine(learningRate(options)) }),
    freeze: isFrozen ? 'backbone' : [],
    augment: augmentOf(options, net.preprocessing),
    features: isFrozen && { directory: places.features },
    validation: data.validation,
    checkpoint: { directory: places.checkpoints, keep: 2 },
    log: places.log,
    signal: context.signal,
    onProgress: (event) => {
      // Validation on computed features is too fast to show.
      if (event.work !== 'validation' || !isFrozen) progress.show(event);
    },
    onEpoch: (record) => progress.say(epochLine(record, epochs)),
  });
}
