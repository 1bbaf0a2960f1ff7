import { hashBytes } from '../../../data/hash.js';
import { CnnzooError } from '../../../errors.js';
import { orderTo } from '../../../layers/order.js';
import { layerSlotsOf } from '../../../weights/slots.js';
import type { FeaturesRequest } from './features-request.js';

/** 2: with a checksum. */
const FORMAT = 2;

/** What features depend on, as a name: the frozen weights, the data, and how images are made of it. */
export async function featuresKey({ model, cut, data, batching, views }: FeaturesRequest): Promise<string> {
  if (!data.fingerprint)
    throw new CnnzooError(
      'INPUT',
      'fit: features are kept in a directory by what the data hold: this data set has no `fingerprint`. Leave the ' +
        'directory out, or give it one.',
    );
  if (views && !views.augment.recipe)
    throw new CnnzooError(
      'INPUT',
      'fit: features of augmented views are kept in a directory by what the augmentation does, and a function of your ' +
        "own can't say it. Leave the directory out, or use the augmentations of @cnnzoo/core/data.",
    );
  const parts = [
    { FORMAT, cut: placeOf(cut), preprocessing: batching.preprocessing ?? null },
    await data.fingerprint(),
    views ? { count: views.count, recipe: views.augment.recipe, random: views.random.state } : null,
    await weightsHash(model, cut),
  ];
  return (await hashBytes(new TextEncoder().encode(JSON.stringify(parts)))).slice(0, 32);
}

/** A tensor's own name counts the nets that the process has built. */
const placeOf = ({ sourceLayer, nodeIndex, tensorIndex }: FeaturesRequest['cut']) => [
  sourceLayer.name,
  nodeIndex,
  tensorIndex,
];

/** Of the weights that lead to a place. */
async function weightsHash(model: FeaturesRequest['model'], cut: FeaturesRequest['cut']): Promise<string> {
  const before = new Set(orderTo([cut]).map(({ sourceLayer }) => sourceLayer));
  const hashes: string[] = [];
  for (const { layer, slots } of layerSlotsOf(model))
    for (const { key, variable } of before.has(layer) ? slots : []) {
      const values = (await variable.read().data()) as Float32Array;
      hashes.push(key, await hashBytes(values));
    }
  return hashes.join();
}
