import { Classifier, CnnzooError, type ModelDefinition, type Preprocessing, useBackend } from '@cnnzoo/core';
import { getModel, openPretrained } from '../models/index.js';
import type { Context } from '../terminal/index.js';
import type { FinetuneOptions } from './settings.js';

type Options = Pick<FinetuneOptions, 'model' | 'weights' | 'size' | 'seed'>;

type Shape = ModelDefinition['inputShape'];

/** The model's, or a square of the size that is asked for. */
function shapeOf({ inputShape }: ModelDefinition, size: number | undefined): Shape {
  const [height, width, channels] = inputShape;
  return [size ?? height, size ?? width, channels];
}

/** As for the model's published weights, where it has some. */
function preprocessingOf({ weights }: ModelDefinition, [height, width, channels]: Shape): Preprocessing {
  const [published] = Object.values(weights).map(({ preprocessing }) => preprocessing);
  const crop = [height!, width!] as const;
  if (published) return { ...published, resize: resized(published, crop), crop };
  const half = Array.from({ length: channels }, () => 0.5);
  return { resize: crop[0], crop, channels: channels as 1 | 3, mean: half, std: half, interpolation: 'bilinear' };
}

/** The published proportion of the resized image and what is cut from it. */
const resized = ({ resize, crop }: Preprocessing, [side]: readonly [number, number]): number | null =>
  resize === null ? null : Math.round((resize * side) / crop[0]);

/** Random values, under one linear layer: what weights of a backbone are trained under. */
function untrained(model: ModelDefinition, categories: readonly string[], { size, seed }: Options): Classifier {
  const inputShape = shapeOf(model, size);
  const preprocessing = preprocessingOf(model, inputShape);
  const net = (model.backbone ?? model)({ numClasses: categories.length, inputShape, seed });
  return new Classifier({ model: net, preprocessing, categories });
}

/** The net under a head for the classes: new, or that of a file which has as many. The caller disposes of it. */
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
  // The head of a file of the user's may have been trained on these classes; that of published weights was not.
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
