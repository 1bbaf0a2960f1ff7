import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Batch } from '../data/dataset.js';
import { CnnzooError } from '../errors.js';

/** Refuses a number that is not whole, or less than `least`. */
export function checkWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new CnnzooError('INPUT', `expected ${name} to be a whole number of at least ${least}, received ${value}.`);
}

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

/** How many classes a net tells apart: by its first output, and by its auxiliary ones alike. */
export function classesOf({ name, outputs }: LayersModel): number {
  const classes = outputs[0]!.shape[1];
  if (classes && outputs.every(({ shape }) => shape.length === 2 && shape[1] === classes)) return classes;
  throw new CnnzooError(
    'SHAPE',
    `'${name}' gives ${outputs.map((output) => `[${output.shape}]`).join(' and ')}: expected logits [n, classes], and ` +
      'as many classes from each auxiliary head.',
  );
}
