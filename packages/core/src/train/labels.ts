import type { Tensor } from '@tensorflow/tfjs-core';
import type { Batch } from '../data/dataset.js';
import { CnnzooError } from '../errors.js';

/** Refuses a batch whose labels don't fit its images or the net's classes: tfjs would count them as no class at all. */
export async function checkLabels({ x, y }: Batch, classes: number): Promise<void> {
  if (y.rank !== 1 || y.shape[0] !== x.shape[0] || y.dtype !== 'int32')
    throw new CnnzooError(
      'INPUT',
      `A batch needs one int32 label for each of its ${x.shape[0]} images, [${x.shape[0]}]; ` +
        `received ${y.dtype} [${y.shape}].`,
    );
  for (const label of await y.data())
    if (label < 0 || label >= classes)
      throw new CnnzooError(
        'INPUT',
        `The net has ${classes} classes: expected labels from 0 to ${classes - 1}, received ${label}. ` +
          'Number the classes from 0, or build the net with more.',
      );
}

/** The logits of a net for classes, [n, classes]. */
export function classesOf(name: string, { shape }: Pick<Tensor, 'shape'>): number {
  if (shape.length === 2) return shape[1]!;
  throw new CnnzooError('SHAPE', `'${name}' gives [${shape}], not logits [n, classes]: it can't be trained to classify.`);
}
