import { accelerateBackend } from '../../backend/accelerate.js';
import { requireBackend } from '../../backend/require.js';
import type { Dataset } from '../../data/dataset.js';
import { modelOf, type Net, preprocessingOf } from '../../net.js';
import { Random } from '../../random.js';
import { checkNotEmpty } from './checks.js';
import { claim } from './claim.js';
import { checkTrainOptions } from './known-options.js';
import { type MatchOptions, matchCategories } from './match-categories.js';
import { type RunOptions, type Step, TrainingRun } from './run.js';
import { wholeNet } from './trainee.js';

export interface TrainOptions extends RunOptions, MatchOptions {
  /** What order, augmentation, mixing and dropout are drawn from: the same seed repeats the run. */
  random?: Random;
}

/**
 * Trains a net that classifies, and yields after every step; to stop, leave the loop. Updates the weights that are
 * trainable at that step, so layers can be frozen and freed on the way. Where it throws, the net is as it was after the
 * last step yielded.
 * @throws CnnzooError INPUT for options that don't fit, or a data set without images; TRAINING where the loss is not
 * finite, nothing is trainable, or the net is being trained already; ABORTED by the signal.
 */
export async function* train(net: Net, data: Dataset, options: TrainOptions): AsyncGenerator<Step, void, void> {
  requireBackend('train');
  checkTrainOptions(options);
  checkNotEmpty('train', data);
  const model = modelOf(net);
  const matched = matchCategories(net, data, options, 'train');
  const release = claim('train', model);
  try {
    await accelerateBackend();
    const { random = new Random() } = options;
    const run = new TrainingRun(wholeNet(model), matched, random, options, preprocessingOf(net));
    try {
      yield* run;
    } finally {
      run.dispose();
    }
  } finally {
    release();
  }
}
