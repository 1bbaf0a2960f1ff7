import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Augment } from '../../../data/augment/augment.js';
import type { BatchOptions, Dataset } from '../../../data/dataset.js';
import type { NetPart } from '../../../layers/part.js';
import type { Random } from '../../../random.js';
import type { ByteSource } from '../../../weights/tensors.js';
import { type ComputedBatch, compute } from './compute.js';
import { FeaturesDataset, type StoredTargets } from './features-dataset.js';
import { featuresKey } from './key.js';
import { rowsInFile, rowsInMemory } from './rows.js';

export interface FeaturesRequest {
  /** The frozen part, which ends at `cut`. */
  readonly part: NetPart;
  readonly model: LayersModel;
  readonly cut: SymbolicTensor;
  readonly data: Dataset;
  readonly batching: BatchOptions;
  /** Augmented views of each image, in place of the image. */
  readonly views?: { readonly count: number; readonly augment: Augment; readonly random: Random };
  readonly directory?: string | URL;
  /** Bytes; without a directory, features that take more are not kept. */
  readonly mostInMemory: number;
  /** Hears after every batch how many images are done, each view of one counted. */
  readonly onImages: (done: number) => void;
}

/** The batches of all views, one view after the other. */
async function* batchesOf(request: FeaturesRequest): AsyncGenerator<ComputedBatch, void, void> {
  const { data, batching, views, onImages } = request;
  const options = { ...batching, ...(views && { augment: { transform: views.augment, random: views.random } }) };
  let done = 0;
  for (let view = 0; view < (views?.count ?? 1); view++)
    for await (const batch of compute(request, data, options)) {
      yield batch;
      done += batch.targets.length / batch.width;
      onImages(done);
    }
}

const product = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

/** Gathers the targets of the first view. */
class TargetsOf {
  private readonly parts: (Int32Array | Float32Array)[] = [];
  private images = 0;
  private first: ComputedBatch | undefined;

  constructor(private readonly size: number) {}

  add(batch: ComputedBatch): void {
    if (this.images >= this.size) return;
    this.first ??= batch;
    this.parts.push(batch.targets);
    this.images += batch.targets.length / batch.width;
  }

  get all(): StoredTargets {
    const { dtype, width } = this.first!;
    const data = dtype === 'int32' ? new Int32Array(this.size * width) : new Float32Array(this.size * width);
    let at = 0;
    for (const part of this.parts) {
      data.set(part, at);
      at += part.length;
    }
    return { dtype, data, width };
  }
}

/** What a frozen part makes of a data set; undefined where that is more than memory may hold and there is no directory. */
export async function keptFeatures(request: FeaturesRequest): Promise<Dataset | undefined> {
  return request.directory === undefined ? inMemory(request) : inDirectory(request, request.directory);
}

async function inMemory(request: FeaturesRequest): Promise<Dataset | undefined> {
  const { data, views, mostInMemory } = request;
  const targets = new TargetsOf(data.size);
  let [values, at, shape]: [Float32Array | undefined, number, readonly number[]] = [undefined, 0, []];
  for await (const batch of batchesOf(request)) {
    if (!values) {
      shape = batch.shape;
      const size = product(shape) * data.size * (views?.count ?? 1);
      if (4 * size > mostInMemory) return undefined;
      values = new Float32Array(size);
    }
    values.set(batch.values, at);
    at += batch.values.length;
    targets.add(batch);
  }
  if (!values) return data;
  return new FeaturesDataset(
    data.categories,
    rowsInMemory(values, product(shape)),
    shape,
    targets.all,
    views?.count ?? 1,
  );
}

/** The file of one request: safetensors, `features` [views x images, …] and `targets`. */
async function inDirectory(request: FeaturesRequest, directory: string | URL): Promise<Dataset> {
  const { data, views, mostInMemory } = request;
  const name = `features-${await featuresKey(request)}.safetensors`;
  const { namesIn, openPath, pathIn, writeFileAtomic } = await import('#platform');
  const path = pathIn(directory, name);
  if (!(await namesIn(directory)).includes(name)) await writeFileAtomic(path, fileOf(request));
  const { openTensors } = await import('../../../weights/open.js');
  const file = await openTensors(path);
  try {
    const [features, stored] = [file.tensors.get('features')!, await file.tensors.get('targets')!.read()];
    const shape = features.shape.slice(1);
    const bytes = 4 * product(features.shape);
    const rows =
      bytes <= mostInMemory
        ? rowsInMemory((await features.read()).data as Float32Array, product(shape))
        : rowsInFile(() => openPath(path), await endOf(openPath(path), stored.data.byteLength + bytes), product(shape));
    const targets = { dtype: stored.dtype, data: stored.data, width: stored.shape[1] ?? 1 } as StoredTargets;
    return new FeaturesDataset(data.categories, rows, shape, targets, views?.count ?? 1);
  } finally {
    await file.close();
  }
}

/** Where the last `bytes` of a file begin. */
async function endOf(opening: Promise<ByteSource>, bytes: number): Promise<number> {
  const file = await opening;
  await file.close();
  return file.size - bytes;
}

/** Written as it is computed: the whole of it is never in memory. */
async function* fileOf(request: FeaturesRequest): AsyncGenerator<Uint8Array, void, void> {
  const { encodeHeader } = await import('../../../weights/formats/safetensors-header.js');
  const { data, views } = request;
  const targets = new TargetsOf(data.size);
  let begun = false;
  for await (const batch of batchesOf(request)) {
    if (!begun) yield encodeHeader(headerOf(batch, data.size, views?.count ?? 1), {});
    begun = true;
    targets.add(batch);
    yield bytesOf(batch.values);
  }
  yield bytesOf(targets.all.data);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function headerOf({ shape, dtype, width }: ComputedBatch, images: number, views: number) {
  const isLabels = dtype === 'int32';
  return [
    { key: 'features', stored: 'F32', shape: [images * views, ...shape], bytes: 4 * images * views * product(shape) },
    {
      key: 'targets',
      stored: isLabels ? 'I32' : 'F32',
      shape: isLabels ? [images] : [images, width],
      bytes: 4 * images * width,
    },
  ];
}
