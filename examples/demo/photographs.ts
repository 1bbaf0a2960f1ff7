import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Classifier, CnnzooError, listCache, type ModelDefinition, type WeightsEntry } from '@cnnzoo/core';
import { models } from '@cnnzoo/resnet';
import type { Photograph } from './digits.js';

const PHOTOS = fileURLToPath(new URL('../photos', import.meta.url));

type ModelName = keyof typeof models;

/** Net that can classify photographs. */
export interface Photographer {
  /** Name to show to people. */
  readonly name: string;
  open(): Promise<Classifier>;
}

const isModel = (name: string): name is ModelName => Object.hasOwn(models, name);

/** The longest matching name counts: `wide_resnet50_2-…` is not a resnet50. */
const modelIn = (path: string): ModelName | undefined =>
  Object.keys(models)
    .filter(isModel)
    .filter((name) => basename(path).includes(name))
    .sort((a, b) => b.length - a.length)[0];

const accuracy = ({ metrics }: WeightsEntry): number => metrics.values['ImageNet-1K']?.['acc@1'] ?? 0;

/** Keeps the demo off the network, even if a cached file turns out to be damaged. */
const offline: typeof fetch = async () => {
  throw new Error('the demo downloads nothing');
};

/** Loads the given checkpoint, else the best one in the cache; undefined if there is none. */
export async function findPhotographer(path: string | undefined): Promise<Photographer | undefined> {
  if (path) {
    const model = modelIn(path);
    if (!model)
      throw new CnnzooError(
        'INPUT',
        `'${path}': expected a file named as published, with the model's name in it (${Object.keys(models).join(', ')}).`,
      );
    return { name: `${model}, ${basename(path)}`, open: () => models[model].pretrained({ weights: path }) };
  }
  const kept = new Set((await listCache()).map(({ model, weights }) => `${model} ${weights}`));
  const best = Object.values<ModelDefinition>(models)
    .flatMap(({ weights }) => Object.values(weights))
    .filter(({ model, name }) => kept.has(`${model} ${name}`))
    .sort((a, b) => accuracy(b) - accuracy(a))[0];
  return (
    best && {
      name: `${best.model}, ${best.name}, from the cache`,
      open: () =>
        (models as Record<string, ModelDefinition>)[best.model]!.pretrained({ weights: best.name, fetch: offline }),
    }
  );
}

/** Classifies each photograph. */
export async function photographs(photographer: Photographer): Promise<Photograph[]> {
  const net = await photographer.open();
  try {
    const files = (await readdir(PHOTOS)).filter((file) => /\.(jpe?g|png)$/.test(file)).sort();
    const answers = await net.classify(
      files.map((file) => join(PHOTOS, file)),
      { topK: 3 },
    );
    return Promise.all(
      files.map(async (file, i) => ({ file, bytes: await readFile(join(PHOTOS, file)), predictions: answers[i]! })),
    );
  } finally {
    net.dispose();
  }
}
