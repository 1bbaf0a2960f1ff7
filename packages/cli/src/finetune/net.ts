import { Classifier, CnnzooError, type ModelDefinition, type Preprocessing, useBackend } from '@cnnzoo/core';
import { getModel, openPretrained } from '../models/index.js';
import type { Context } from '../terminal/index.js';
import type { FinetuneOptions } from './settings.js';

type Options = Pick<FinetuneOptions, 'model' | 'weights' | 'size' | 'seed'>;

type Shape = ModelDefinition['inputShape'];

/** Returns the model's input shape, or a square one if a size is given. */
function shapeOf({ inputShape }: ModelDefinition, size: number | undefined): Shape {
  const [height, width, channels] = inputShape;
  return [size ?? height, size ?? width, channels];
}

/** Returns the preprocessing of the model's published weights, or a default if it has none. */
function preprocessingOf({ weights }: ModelDefinition, [height, width, channels]: Shape): Preprocessing {
  const [published] = Object.values(weights).map(({ preprocessing }) => preprocessing);
  const crop = [height!, width!] as const;
  if (published) return { ...published, resize: resized(published, crop), crop };
  const half = Array.from({ length: channels }, () => 0.5);
  return { resize: crop[0], crop, channels: channels as 1 | 3, mean: half, std: half, interpolation: 'bilinear' };
}

/** Scales the published resize, so that it keeps its proportion to the crop. */
const resized = ({ resize, crop }: Preprocessing, [side]: readonly [number, number]): number | null =>
  resize === null ? null : Math.round((resize * side) / crop[0]);

/** Builds an untrained net: random values under one linear layer, the same head that weights of a backbone get. */
function untrained(model: ModelDefinition, categories: readonly string[], { size, seed }: Options): Classifier {
  const inputShape = shapeOf(model, size);
  const preprocessing = preprocessingOf(model, inputShape);
  const net = (model.backbone ?? model)({ numClasses: categories.length, inputShape, seed });
  return new Classifier({ model: net, preprocessing, categories });
}

/**
 * Returns a net with a head for the classes: a new head, or the head of a file that has as many classes. The caller
 * disposes of the net.
 */
export async function openNet(options: Options, categories: readonly string[], context: Context): Promise<Classifier> {
  const { weights, size, seed } = options;
  const model = getModel(options.model);
  await useBackend();
  if (weights === 'none') return untrained(model, categories, options);
  if (!model.weights.DEFAULT)
    throw new CnnzooError(
      'INPUT',
      `finetune: there are no published weights of '${model.name}'. Train it from random ones, all of it, by ` +
        '--weights none --freeze none, or choose another model (`cnnzoo list`).',
    );
  // The head of a user's file may have been trained on these classes; the head of published weights was not.
  const isPublished = weights === undefined || Object.hasOwn(model.weights, weights);
  const given = {
    categories,
    inputShape: shapeOf(model, size),
    seed,
    ...(weights && { weights }),
    ...(isPublished && { head: 'new' as const }),
  };
  return openPretrained(model, given, context);
}
