import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../util/index.js';

/**
 * Returns the only input of a net.
 * @throws CnnzooError SHAPE if the net has several.
 */
export function inputOf({ name, inputs }: LayersModel): SymbolicTensor {
  if (inputs.length === 1) return inputs[0]!;
  throw new CnnzooError('SHAPE', `'${name}' has ${inputs.length} inputs: expected a net of one, images [n, h, w, c].`);
}

const sizes = (shape: readonly (number | null)[]): string =>
  shape.map((n, i) => n ?? (i === 0 ? 'n' : 'any')).join(', ');

/**
 * Checks the shape and dtype of a net's input. A kernel would read past a smaller batch, or broadcast it.
 * @param expected [n, h, w, c]; null for any extent.
 * @throws CnnzooError SHAPE for another shape, INPUT for a dtype other than float32.
 */
export function checkInput(where: string, net: string, expected: readonly (number | null)[], x: Tensor): void {
  const isOne = x.shape.length === expected.length && expected.every((n, i) => n === null || n === x.shape[i]);
  if (!isOne || x.shape[0] === 0)
    throw new CnnzooError(
      'SHAPE',
      `${where}: '${net}' takes [${sizes(expected)}], of at least one image; received [${sizes(x.shape)}]. Give images of ` +
        'its height, width and channels, or build the net with their inputShape.',
    );
  if (x.dtype !== 'float32')
    throw new CnnzooError(
      'INPUT',
      `${where}: '${net}' takes float32, received ${x.dtype}. Cast the images and normalise them.`,
    );
}
