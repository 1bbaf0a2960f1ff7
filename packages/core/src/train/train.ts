import { accelerateBackend } from '../backend/accelerate.js';
import { requireBackend } from '../backend/require.js';
import type { Dataset } from '../data/dataset.js';
import { modelOf, type Net, preprocessingOf } from '../net.js';
import { Random } from '../random.js';
import { wholeNet } from './trainee.js';
import { type RunOptions, type Step, TrainingRun } from './training-run.js';

export interface TrainOptions extends RunOptions {
  /** What order, augmentation, mixing and dropout are drawn from: the same seed repeats the run. */
  random?: Random;
}

/**
 * Trains a net that classifies, and yields after every step; to stop, leave the loop. Updates the weights that are
 * trainable at that step, so layers can be frozen and freed on the way. Where it throws, the trainable weights are
 * those of the last step yielded; BatchNorm's statistics may have seen its batch.
 * @throws CnnzooError TRAINING where the loss is not finite or nothing is trainable, ABORTED by the signal.
 */
export async function* train(net: Net, data: Dataset, options: TrainOptions): AsyncGenerator<Step, void, void> {
  requireBackend('train');
  await accelerateBackend();
  const { random = new Random() } = options;
  const run = new TrainingRun(wholeNet(modelOf(net)), data, random, options, preprocessingOf(net));
  try {
    yield* run;
  } finally {
    run.dispose();
  }
}
