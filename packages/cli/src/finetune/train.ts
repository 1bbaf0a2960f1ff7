import { adamW, cosine, fit, type History } from '@cnnzoo/core/train';
import type { Job } from './job.js';
import { placesIn } from './out.js';
import { epochLine, TRAINING } from './progress.js';
import { augmentOf, learningRate } from './settings.js';

/** Trains the net; the bar shows features, steps and validations, and each epoch leaves a line. */
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
    onStep: ({ epoch, step, steps, loss }) =>
      progress.advance(TRAINING, step + 1, steps, `epoch ${epoch + 1} of ${epochs}  loss ${loss.toFixed(3)}`),
    onImages: (work, done, total) => {
      // On features a validation takes no time.
      if (work === 'features' || !isFrozen) progress.advance(work, done, total);
    },
    onEpoch: (record) => progress.say(epochLine(record, epochs)),
  });
}
