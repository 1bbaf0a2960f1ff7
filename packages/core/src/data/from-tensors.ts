import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { CnnzooError } from '../errors.js';
import { checkOptions } from '../options.js';
import { PixelsDataset } from './pixels-dataset.js';

export interface FromTensorsOptions {
  /** The classes' names, by label; numbered from 0 unless given. */
  categories?: readonly string[];
  /** Per channel: x = (value - mean) / std; 0 and 1 unless given. int32 images are on the scale 0..1 by then. */
  mean?: readonly number[];
  std?: readonly number[];
}

/**
 * A data set of images [n, h, w, c], int32 0..255 or float32, and their labels [n], from 0. The values are copied: both
 * tensors stay the caller's.
 */
export async function fromTensors(
  images: Tensor4D,
  labels: Tensor1D,
  options: FromTensorsOptions = {},
): Promise<PixelsDataset> {
  checkOptions('fromTensors', options, ['categories', 'mean', 'std']);
  const { categories, mean, std } = options;
  if (images.rank !== 4 || labels.rank !== 1 || images.shape[0] !== labels.shape[0])
    throw new CnnzooError(
      'SHAPE',
      `fromTensors: expected images [n, h, w, c] and labels [n], received [${images.shape}] and [${labels.shape}].`,
    );
  if (images.dtype !== 'float32' && images.dtype !== 'int32')
    throw new CnnzooError('INPUT', `fromTensors: expected images of float32 or int32, received ${images.dtype}.`);
  const [values, labelValues] = await Promise.all([images.data(), labels.data()]);
  const numbers = Array.from(labelValues);
  if (images.dtype === 'int32' && values.some((value) => value < 0 || value > 255))
    throw new CnnzooError('INPUT', 'fromTensors: int32 images hold 0..255, received a value outside.');
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
  });
}
