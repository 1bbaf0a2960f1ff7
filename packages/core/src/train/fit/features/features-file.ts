import { namesIn, openPath, pathIn, writeFileAtomic } from '#platform';
import { encodeHeader } from '../../../checkpoint/index.js';
import { readCheckpoint } from '../../../checkpoint/late.js';
import { type Dataset, hashBytes } from '../../../data/late.js';
import { layerSlotsOf, orderTo } from '../../../graph/index.js';
import { CnnzooError, warn } from '../../../util/index.js';
import type { ByteSource } from '../../../util/late.js';
import {
  type ComputedBatch,
  type FeaturesRequest,
  featureBatches,
  product,
  TargetsGatherer,
  viewsOf,
} from './compute.js';
import { FeaturesDataset, type Rows, rowsInFile, rowsInMemory, type StoredTargets } from './features-dataset.js';

// Loaded only if features are kept in a directory.

/** Returns the features in a directory. They are computed if the directory has no file of them, or a damaged one. */
export async function inDirectory(request: FeaturesRequest, directory: string | URL): Promise<Dataset> {
  const name = `features-${await featuresKey(request)}.safetensors`;
  const path = pathIn(directory, name);
  if ((await namesIn(directory)).includes(name))
    try {
      return await openFeatures(request, path);
    } catch (error) {
      warn(
        `features are computed anew, because '${path}' is damaged: ${error instanceof Error ? error.message : error}`,
      );
    }
  await writeFileAtomic(path, fileOf(request));
  return openFeatures(request, path);
}

/** Opens the file of a request. A damaged file throws errors of all kinds. */
async function openFeatures(request: FeaturesRequest, path: string): Promise<Dataset> {
  const { data, mostInMemory } = request;
  const damaged = (why: string): never => {
    throw new CnnzooError('FORMAT', `'${path}' does not hold these features: ${why}.`);
  };
  const file = await readCheckpoint(path);
  try {
    const tensor = (key: string) => file.tensors.get(key) ?? damaged(`it has no '${key}'`);
    const [features, stored, checksum] = [tensor('features'), await tensor('targets').read(), tensor(CHECKSUM)];
    const images = data.size * viewsOf(request);
    if (features.stored !== 'F32' || features.shape[0] !== images)
      damaged(`it has ${features.shape[0]} rows of ${images}`);
    const width = stored.shape[1] ?? 1;
    if (stored.shape[0] !== data.size || !['int32', 'float32'].includes(stored.dtype))
      damaged(`it has ${stored.shape[0]} targets of ${data.size}`);
    const targets = { dtype: stored.dtype, data: stored.data, width } as StoredTargets;
    const shape = features.shape.slice(1);
    const bytes = 4 * product(features.shape);
    const after = stored.data.byteLength + CHECKSUM_BYTES;
    const rows =
      bytes <= mostInMemory
        ? rowsInMemory((await features.read()).data as Float32Array, product(shape))
        : rowsInFile(() => openPath(path), await endOf(openPath(path), after + bytes), product(shape));
    const sum = await checksumOf(rows, images, request.batching.batchSize, targets);
    if (`${sum}` !== `${(await checksum.read()).data}`) damaged('its bytes are not those that were written');
    return new FeaturesDataset(data.categories, rows, shape, targets, viewsOf(request));
  } finally {
    await file.close();
  }
}

/** Resolves to the offset of the last `bytes` of a file. */
async function endOf(opening: Promise<ByteSource>, bytes: number): Promise<number> {
  const file = await opening;
  await file.close();
  return file.size - bytes;
}

const CHECKSUM = 'sha256';
const CHECKSUM_BYTES = 32;

/** Number of values that are hashed at a time. */
const PIECE = 2 ** 18;

/** A hash over all values, in pieces, so that the file is never in memory as a whole. The sizes of the pieces do not matter. */
class Checksum {
  private readonly hashes: string[] = [];
  private readonly piece = new Float32Array(PIECE);
  private filled = 0;

  async add(features: Float32Array): Promise<void> {
    for (let at = 0; at < features.length; ) {
      const part = features.subarray(at, at + PIECE - this.filled);
      this.piece.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === PIECE) await this.flush();
    }
  }

  async end({ data }: StoredTargets): Promise<Uint8Array> {
    await this.flush();
    this.hashes.push(await hashBytes(data));
    const hash = await hashBytes(new TextEncoder().encode(this.hashes.join()));
    return Uint8Array.from({ length: CHECKSUM_BYTES }, (_, i) => Number.parseInt(hash.slice(2 * i, 2 * i + 2), 16));
  }

  private async flush(): Promise<void> {
    this.hashes.push(await hashBytes(this.piece.subarray(0, this.filled)));
    this.filled = 0;
  }
}

/** Resolves to the checksum of `images` rows, read `atATime` rows at a time. */
async function checksumOf(rows: Rows, images: number, atATime: number, targets: StoredTargets): Promise<Uint8Array> {
  const sum = new Checksum();
  for (let start = 0; start < images; start += atATime)
    await sum.add(await rows.read(Array.from({ length: Math.min(atATime, images - start) }, (_, i) => start + i)));
  return sum.end(targets);
}

/** Computes a file's pieces: safetensors with `features` [views x images, …], `targets` and the checksum. */
async function* fileOf(request: FeaturesRequest): AsyncGenerator<Uint8Array, void, void> {
  const targets = new TargetsGatherer(request.data.size);
  const sum = new Checksum();
  let begun = false;
  for await (const batch of featureBatches(request)) {
    if (!begun) yield encodeHeader(headerOf(batch, request), {});
    begun = true;
    targets.add(batch);
    await sum.add(batch.values);
    yield bytesOf(batch.values);
  }
  yield bytesOf(targets.all.data);
  yield await sum.end(targets.all);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function headerOf({ shape, dtype, width }: ComputedBatch, request: FeaturesRequest) {
  const { size } = request.data;
  const images = size * viewsOf(request);
  const isLabels = dtype === 'int32';
  return [
    { key: 'features', stored: 'F32', shape: [images, ...shape], bytes: 4 * images * product(shape) },
    {
      key: 'targets',
      stored: isLabels ? 'I32' : 'F32',
      shape: isLabels ? [size] : [size, width],
      bytes: 4 * size * width,
    },
    { key: CHECKSUM, stored: 'U8', shape: [CHECKSUM_BYTES], bytes: CHECKSUM_BYTES },
  ];
}

/** Format of the file. 2: with a checksum. */
const KEY_FORMAT = 2;

/** Resolves to a hash of everything that features depend on: the frozen weights, the images and their preprocessing. */
async function featuresKey({ model, cut, data, batching, views }: FeaturesRequest): Promise<string> {
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
    { FORMAT: KEY_FORMAT, cut: placeOf(cut), preprocessing: batching.preprocessing ?? null },
    await data.fingerprint(),
    views ? { count: views.count, recipe: views.augment.recipe, random: views.random.state } : null,
    await weightsHash(model, cut),
  ];
  return (await hashBytes(new TextEncoder().encode(JSON.stringify(parts)))).slice(0, 32);
}

/** Returns a tensor's place. Its name would not do: it counts the nets that the process has built. */
const placeOf = ({ sourceLayer, nodeIndex, tensorIndex }: FeaturesRequest['cut']) => [
  sourceLayer.name,
  nodeIndex,
  tensorIndex,
];

/** Resolves to the hashes of the weights before a tensor. */
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
