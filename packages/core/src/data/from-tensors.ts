import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { CnnzooError } from '../errors.js';
import { checkCategories, checkOptions } from '../options.js';
import { PixelsDataset } from './pixels-dataset.js';

export interface FromTensorsOptions {
  /** The classes' names, by label; numbered from 0 unless given. */
  categories?: readonly string[];
  /**
   * Per channel, for nets without a preprocessing of their own: x = (value - mean) / std, where int32 images are on the
   * scale 0..1. Default: 0 and 1.
   */
  mean?: readonly number[];
  std?: readonly number[];
  /**
   * true if the images are what the net takes already: of its size, normalised. Default: false; a `Classifier`'s
   * preprocessing makes of them what `classify` would.
   */
  normalized?: boolean;
}

/**
 * A data set of images [n, h, w, c], int32 from 0 to 255 or float32, and their labels [n], from 0. The values are copied:
 * both tensors stay the caller's. To train or evaluate a `Classifier`, float32 images are pixels from 0 to 1, as for
 * `classify`, unless they are `normalized`.
 * @throws CnnzooError SHAPE or INPUT for tensors or options that don't fit.
 */
export async function fromTensors(
  images: Tensor4D,
  labels: Tensor1D,
  options: FromTensorsOptions = {},
): Promise<PixelsDataset> {
  checkOptions('fromTensors', options, ['categories', 'mean', 'std', 'normalized']);
  const { categories, mean, std, normalized = false } = options;
  if (categories !== undefined) checkCategories('fromTensors', categories);
  if (images.rank !== 4 || labels.rank !== 1 || images.shape[0] !== labels.shape[0])
    throw new CnnzooError(
      'SHAPE',
      `fromTensors: expected images [n, h, w, c] and labels [n], received [${images.shape}] and [${labels.shape}].`,
    );
  if (images.dtype !== 'float32' && images.dtype !== 'int32')
    throw new CnnzooError('INPUT', `fromTensors: expected images of float32 or int32, received ${images.dtype}.`);
  if (normalized && (mean || std || images.dtype === 'int32'))
    throw new CnnzooError(
      'INPUT',
      `fromTensors: normalized images are taken as they are: expected float32 without mean and std, received ` +
        `${images.dtype}${mean || std ? ' with mean or std' : ''}.`,
    );
  const [values, labelValues] = await Promise.all([images.data(), labels.data()]);
  const numbers = Array.from(labelValues);
  if (images.dtype === 'int32' && values.some((value) => value < 0 || value > 255))
    throw new CnnzooError('INPUT', 'fromTensors: int32 images hold 0..255, received a value outside.');
  const odd = images.dtype === 'float32' ? values.findIndex((value) => !Number.isFinite(value)) : -1;
  if (odd >= 0)
    throw new CnnzooError(
      'INPUT',
      `fromTensors: expected finite values, received ${values[odd]} in image ${Math.floor(odd / (images.size / images.shape[0]))}.`,
    );
  if (numbers.some((label) => !Number.isInteger(label) || label < 0))
    throw new CnnzooError('INPUT', 'fromTensors: expected labels 0, 1, 2, …, received one that is not.');
  const [, h, w, channels] = images.shape;
  const classes = numbers.reduce((most, label) => Math.max(most, label + 1), 0);
  return new PixelsDataset({
    pixels: images.dtype === 'int32' ? Uint8Array.from(values) : Float32Array.from(values),
    shape: [h, w, channels],
    labels: Int32Array.from(numbers),
    categories: categories ?? Array.from({ length: classes }, (_, i) => `${i}`),
    named: categories !== undefined,
    mean: mean ?? new Array<number>(channels).fill(0),
    std: std ?? new Array<number>(channels).fill(1),
    normalized,
  });
}
