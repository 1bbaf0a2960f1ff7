import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Batch, Dataset } from '../../data/dataset.js';
import { CnnzooError } from '../../errors.js';
import { checkInput } from '../../input.js';
import type { Trainee } from './trainee.js';

/** Refuses what is given for a function, such as a loss by its name. */
export function checkFunction(name: string, value: unknown, example: string): void {
  if (value === undefined || typeof value === 'function') return;
  throw new CnnzooError('INPUT', `expected ${name} to be a function, such as ${example}, received ${String(value)}.`);
}

/**
 * Refuses what is no data set, and one without images, over which no epoch would end.
 * @param where the function that takes it, and as what.
 */
export function checkNotEmpty(where: string, data: Dataset): void {
  if (typeof data?.batches !== 'function')
    throw new CnnzooError(
      'INPUT',
      `${where}: expected a data set, received ` +
        `${(data as { then?: unknown } | undefined)?.then ? 'a promise: await it' : String(data)}.`,
    );
  const { size } = data;
  if (Number.isInteger(size) && size > 0) return;
  throw new CnnzooError(
    'INPUT',
    `${where}: expected a data set with at least one image, received one of size ${size}.`,
  );
}

/** Refuses a batch that does not fit what is trained or evaluated: its images, or its targets. */
export async function checkBatch(
  where: string,
  { model, input }: Trainee,
  batch: Batch,
  classes: number,
): Promise<void> {
  checkInput(where, model.name, input, batch.x);
  await checkTargets(batch, classes);
}

/** Refuses a batch whose targets don't fit its images or the net's classes: tfjs would count them as no class at all. */
async function checkTargets({ x, y }: Batch, classes: number): Promise<void> {
  const n = x.shape[0];
  const areLabels = y.dtype === 'int32' && y.shape.join() === `${n}`;
  const areShares = y.dtype === 'float32' && y.shape.join() === `${n},${classes}`;
  if (!areLabels && !areShares)
    throw new CnnzooError(
      'INPUT',
      `A batch needs an int32 label for each of its ${n} images, [${n}], or its soft targets, float32 ` +
        `[${n},${classes}]; received ${y.dtype} [${y.shape}].`,
    );
  const values = await y.data();
  // One logit says whether its class is there.
  const labels = classes === 1 ? 2 : classes;
  if (areShares) {
    const bad = values.find((share) => !(share >= 0 && share <= 1));
    if (bad !== undefined) throw new CnnzooError('INPUT', `expected shares of classes from 0 to 1, received ${bad}.`);
    return;
  }
  for (const label of values)
    if (label < 0 || label >= labels)
      throw new CnnzooError(
        'INPUT',
        `The net has ${classes === 1 ? 'one logit' : `${classes} classes`}: expected labels from 0 to ${labels - 1}, ` +
          `received ${label}. ` +
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
