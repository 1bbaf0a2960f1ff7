import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { breathe } from '#platform';
import type { Augment } from '../../../data/augment/index.js';
import type { BatchOptions, Dataset } from '../../../data/late.js';
import { modelOf } from '../../../graph/index.js';
import { checkInput, type NetPart } from '../../../graph/late.js';
import { CnnzooError, type Random } from '../../../util/index.js';
import type { StoredTargets } from './features-dataset.js';

/** The frozen layers of a net and the data set to run them on. */
export interface FeaturesRequest {
  /** The frozen layers, which end at `cut`. */
  readonly part: NetPart;
  readonly model: LayersModel;
  readonly cut: SymbolicTensor;
  readonly data: Dataset;
  readonly batching: BatchOptions;
  /** Augmented views of each image, instead of the image. */
  readonly views?: { readonly count: number; readonly augment: Augment; readonly random: Random };
  readonly directory?: string | URL;
  /** Bytes. Without a directory, features that take more are not kept. */
  readonly mostInMemory: number;
  /** Called after every batch with the number of images processed. Each view of an image counts. */
  readonly onImages: (done: number) => void;
}

/** Returns the number of views of each image. An image as it is counts as one. */
export const viewsOf = ({ views }: FeaturesRequest): number => views?.count ?? 1;

/**
 * Computes the features of all views, one view after the other.
 * @throws CnnzooError INPUT for a data set that holds more or fewer images than it says.
 */
export async function* featureBatches(request: FeaturesRequest): AsyncGenerator<ComputedBatch, void, void> {
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

/** Returns the number of values of a shape. */
export const product = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

/** Gathers the targets of the first view, which are those of all views. */
export class TargetsGatherer {
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

/** Features of a batch, and the batch's targets. */
export interface ComputedBatch {
  readonly values: Float32Array;
  /** Shape of one image's features. */
  readonly shape: readonly number[];
  readonly targets: Int32Array | Float32Array;
  readonly dtype: 'int32' | 'float32';
  /** Number of values of one image's targets. */
  readonly width: number;
}

/** Runs layers of a net, as in inference, over a data set, batch after batch. */
async function* compute(
  { part, model }: { readonly part: NetPart; readonly model: LayersModel },
  data: Dataset,
  options: BatchOptions,
): AsyncGenerator<ComputedBatch, void, void> {
  const pause = async (): Promise<void> => {
    await breathe('The training', options.signal);
    modelOf(model);
  };
  for await (const { x, y } of data.batches(options)) {
    let features: tf.Tensor | undefined;
    try {
      await pause();
      checkInput('fit', model.name, model.inputs[0]!.shape, x);
      [features] = (await part.infer(x, pause)) as [tf.Tensor];
      const [values, targets] = await Promise.all([features.data(), y.data()]);
      yield {
        // Copies, since the backend may use its memory again.
        values: (values as Float32Array).slice(),
        targets: (targets as Int32Array | Float32Array).slice(),
        shape: features.shape.slice(1),
        dtype: y.dtype as 'int32' | 'float32',
        width: y.rank === 1 ? 1 : y.shape[1]!,
      };
    } finally {
      tf.dispose([x, y, ...(features ? [features] : [])]);
    }
  }
}
