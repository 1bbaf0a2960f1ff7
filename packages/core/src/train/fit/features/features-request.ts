import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Augment } from '../../../data/augment/augment.js';
import type { BatchOptions, Dataset } from '../../../data/dataset.js';
import { CnnzooError } from '../../../errors.js';
import type { NetPart } from '../../../layers/part.js';
import type { Random } from '../../../random.js';
import { type ComputedBatch, compute } from './compute.js';
import type { StoredTargets } from './features-dataset.js';

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

/** Number of views of each image, the image itself being one. */
export const viewsOf = ({ views }: FeaturesRequest): number => views?.count ?? 1;

/**
 * The batches of all views, one view after the other.
 * @throws CnnzooError INPUT for a data set that hands out more or fewer images than it says.
 */
export async function* batchesOf(request: FeaturesRequest): AsyncGenerator<ComputedBatch, void, void> {
  const { data, batching, views, onImages } = request;
  const options = { ...batching, ...(views && { augment: { transform: views.augment, random: views.random } }) };
  const require = (images: number, ok: boolean): void => {
    if (!ok) throw new CnnzooError('INPUT', `The data set says it holds ${data.size} images: received ${images}.`);
  };
  for (let view = 0; view < viewsOf(request); view++) {
    let images = 0;
    for await (const batch of compute(request, data, options)) {
      images += batch.targets.length / batch.width;
      require(images, images <= data.size);
      yield batch;
      onImages(view * data.size + images);
    }
    require(images, images === data.size);
  }
}

/** Number of values of a shape. */
export const product = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

/** Gathers the targets of the first view. */
export class TargetsOf {
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
