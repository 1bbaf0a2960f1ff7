import { basename } from 'node:path';
import { type Classifier, summary } from '@cnnzoo/core';
import type { History } from '@cnnzoo/core/train';
import { magnitude } from '@cnnzoo/report';
import { version } from '../../package.json';
import type { LabelledFolder } from './folder.js';
import { type FinetuneOptions, learningRate } from './settings.js';

interface Facts {
  readonly folder: string;
  readonly options: FinetuneOptions;
  readonly data: LabelledFolder;
  readonly net: Classifier;
  readonly history: History;
  readonly duration: string;
}

/** Describes the weights that the training started from. */
function weightsOf({ options: { weights }, net }: Facts): string {
  if (weights === 'none') return 'none: random values';
  return weights === undefined || weights === net.weights ? net.weights! : `${net.weights}, from ${basename(weights)}`;
}

/** Returns the number of trainable parameters. */
const trainedOf = ({ model }: Classifier): number =>
  model.trainableWeights.reduce((sum, { shape }) => sum + shape.reduce<number>((size, n) => size * n!, 1), 0);

/** Returns the facts of a training for its report: model, data, settings. */
export function factsOf(facts: Facts): Record<string, string> {
  const { folder, options, data, net, history, duration } = facts;
  const { freeze, batchSize, resume } = options;
  const { train, validation, categories } = data;
  const trained = magnitude(trainedOf(net));
  return {
    model: `${options.model}, ${magnitude(summary(net).parameters)} parameters`,
    weights: weightsOf(facts),
    trained:
      freeze === 'backbone'
        ? `the new head, ${trained} parameters, on the features of the frozen backbone`
        : `everything, ${trained} parameters, on random crops, half of them flipped`,
    images: `${train.size} for training, ${validation.size} for validation, of ${categories.length} classes, in ${folder}`,
    'image size': `${net.preprocessing.crop.join(' x ')} px`,
    schedule:
      `${history.epochs.length} epochs, ${batchSize} images a step, AdamW, learning rate from ${learningRate(options)} down half a ` +
      'cosine',
    seed: String(history.seed),
    duration: resume ? `${duration} since it was resumed` : duration,
    'made by': `cnnzoo ${version}`,
  };
}
