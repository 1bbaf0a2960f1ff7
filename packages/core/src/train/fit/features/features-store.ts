import type { Dataset } from '../../../data/dataset.js';
import { FeaturesDataset } from './features-dataset.js';
import { batchesOf, type FeaturesRequest, product, TargetsOf, viewsOf } from './features-request.js';
import { rowsInMemory } from './rows.js';

/** What a frozen part makes of a data set; undefined where that is more than memory may hold and there is no directory. */
export async function keptFeatures(request: FeaturesRequest): Promise<Dataset | undefined> {
  if (request.directory === undefined) return inMemory(request);
  return (await import('./features-file.js')).inDirectory(request, request.directory);
}

async function inMemory(request: FeaturesRequest): Promise<Dataset | undefined> {
  const { data, mostInMemory } = request;
  const targets = new TargetsOf(data.size);
  let [values, at, shape]: [Float32Array | undefined, number, readonly number[]] = [undefined, 0, []];
  for await (const batch of batchesOf(request)) {
    if (!values) {
      shape = batch.shape;
      const size = product(shape) * data.size * viewsOf(request);
      if (4 * size > mostInMemory) return undefined;
      values = new Float32Array(size);
    }
    values.set(batch.values, at);
    at += batch.values.length;
    targets.add(batch);
  }
  if (!values) return data;
  const rows = rowsInMemory(values, product(shape));
  return new FeaturesDataset(data.categories, rows, shape, targets.all, viewsOf(request));
}
