import { requireBackend } from '../../backend/index.js';
import { accelerateBackend } from '../../backend/late.js';
import type { Dataset } from '../../data/late.js';
import { modelOf, type Net, preprocessingOf } from '../../graph/index.js';
import { Random } from '../../util/index.js';
import { checkNotEmpty } from './checks.js';
import { matchCategories } from './match-categories.js';
import { checkTrainOptions, completeRunOptions, type TrainOptions } from './options.js';
import { TrainingRun } from './run.js';
import type { Step } from './step.js';
import { claim, wholeNet } from './trainee.js';

/**
 * Trains a net that classifies, and yields after every step. To stop, leave the loop. Each step updates the weights that
 * are trainable at that step, so layers can be frozen and unfrozen between steps. Where it throws, the net is as it was
 * after the last step that was yielded.
 *
 * @param net a LayersModel or a `Classifier` with logits [n, classes] as its output, or outputs.
 * @param data images [n, height, width, channels] that fit the net's input, with labels or soft targets.
 * @param options an optimizer; the number of epochs and all else have defaults.
 * @returns a generator of steps, each with the mean loss and accuracy of its images before the step.
 * @throws CnnzooError INPUT for options that don't fit, or a data set without images; TRAINING if the loss is not
 * finite, nothing is trainable, or the net is being trained already; ABORTED by the signal.
 *
 * @example
 * ```ts
 * import { load } from '@cnnzoo/core';
 * import { imageFolder } from '@cnnzoo/core/data';
 * import { sgd, train } from '@cnnzoo/core/train';
 *
 * const net = await load('my-net');
 * const { train: data } = await imageFolder('flowers');
 * for await (const { step, loss } of train(net, data, { optimizer: sgd({ lr: 0.01 }), epochs: 5 })) {
 *   console.log(step, loss);
 *   if (loss < 0.1) break;
 * }
 * ```
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
    const input = { trainee: wholeNet(model), data: matched, preprocessing: preprocessingOf(net) };
    const run = new TrainingRun(input, random, completeRunOptions('train', options));
    try {
      yield* run;
    } finally {
      run.dispose();
    }
  } finally {
    release();
  }
}
