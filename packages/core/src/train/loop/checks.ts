import * as tf from '@tensorflow/tfjs-core';
import type { Batch, Dataset } from '../../data/late.js';
import { checkInput } from '../../graph/late.js';
import { CnnzooError, shownValue } from '../../util/index.js';
import type { Trainee } from './trainee.js';

/** Refuses a value other than a function, such as a loss by its name. undefined passes. */
export function checkFunction(name: string, value: unknown, example: string): void {
  if (value === undefined || typeof value === 'function') return;
  throw new CnnzooError(
    'INPUT',
    `expected ${name} to be a function, such as ${example}, received ${shownValue(value)}.`,
  );
}

/**
 * Refuses a value that is no data set, and a data set without images, over which no epoch would end.
 * @param where the calling function and its use of the data set, for messages.
 */
export function checkNotEmpty(where: string, data: Dataset): void {
  if (typeof data?.batches !== 'function')
    throw new CnnzooError(
      'INPUT',
      `${where}: expected a data set, received ` +
        `${(data as { then?: unknown } | undefined)?.then ? 'a promise: await it' : shownValue(data)}.`,
    );
  const { size } = data;
  if (Number.isInteger(size) && size > 0) return;
  throw new CnnzooError(
    'INPUT',
    `${where}: expected a data set with at least one image, received one of size ${size}.`,
  );
}

/** Refuses a batch whose images or targets don't fit the layers that are trained or evaluated. */
export async function checkBatch(
  where: string,
  { model, input }: Trainee,
  batch: Batch,
  classes: number,
): Promise<void> {
  checkInput(where, model.name, input, batch.x);
  await checkTargets(batch, classes);
}

/** Refuses targets that don't fit the images or the net's classes: tfjs would count them as no class at all. */
async function checkTargets({ x, y }: Batch, classes: number): Promise<void> {
  const n = x.shape[0];
  const areLabels = y.dtype === 'int32' && y.shape.join() === `${n}`;
  const areSoft = y.dtype === 'float32' && y.shape.join() === `${n},${classes}`;
  if (!areLabels && !areSoft)
    throw new CnnzooError(
      'INPUT',
      `A batch needs an int32 label for each of its ${n} images, [${n}], or its soft targets, float32 ` +
        `[${n},${classes}]; received ${y.dtype} [${y.shape}].`,
    );
  const values = await y.data();
  if (areSoft) {
    const bad = values.find((value) => !(value >= 0 && value <= 1));
    if (bad !== undefined) throw new CnnzooError('INPUT', `expected soft targets from 0 to 1, received ${bad}.`);
    return;
  }
  // One logit tells whether its class is in the image.
  const labels = classes === 1 ? 2 : classes;
  for (const label of values)
    if (label < 0 || label >= labels)
      throw new CnnzooError(
        'INPUT',
        `The net has ${classes === 1 ? 'one logit' : `${classes} classes`}: expected labels from 0 to ${labels - 1}, ` +
          `received ${label}. ` +
          'Number the classes from 0, or build the net with more.',
      );
}

/** A tensor with the name that messages give it. */
export interface Named {
  readonly key: string;
  readonly tensor: tf.Tensor;
}

const areFinite = (values: tf.TypedArray): boolean => values.every((value) => Number.isFinite(value));

/** Values that `readChecked` has read. */
interface Checked {
  /** The values of the scalars. */
  readonly values: readonly number[];
  /** Key of the first tensor with a value that is not finite; undefined if all values are finite. */
  readonly notFinite: string | undefined;
}

/**
 * Reads scalars and checks that all values of `named` are finite, by one read from the backend. All tensors must live until
 * it resolves.
 */
export async function readChecked(scalars: readonly tf.Scalar[], named: readonly Named[]): Promise<Checked> {
  const floats = named.filter(({ tensor }) => tensor.dtype === 'float32');
  if (scalars.length + floats.length === 0) return { values: [], notFinite: undefined };
  const all = tf.tidy(() =>
    tf.stack([...scalars.map((scalar) => tf.cast(scalar, 'float32')), ...floats.map(({ tensor }) => tf.sum(tensor))]),
  );
  try {
    const read = [...(await all.data<'float32'>())];
    const values = read.slice(0, scalars.length);
    // The sum is not finite if a value is not, or if finite values are too large for a sum.
    for (const [i, sum] of read.slice(scalars.length).entries())
      if (!Number.isFinite(sum) && !areFinite(await floats[i]!.tensor.data()))
        return { values, notFinite: floats[i]!.key };
    return { values, notFinite: undefined };
  } finally {
    all.dispose();
  }
}

/**
 * Resolves to the key of the first tensor with a value that is not finite; undefined if all values are finite. The tensors
 * must live until then.
 */
export const findNotFinite = async (named: readonly Named[]): Promise<string | undefined> =>
  (await readChecked([], named)).notFinite;
