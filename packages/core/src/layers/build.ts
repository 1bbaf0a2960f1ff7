import { input, type LayersModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { requireBackend } from '../backend/require.js';
import { CnnzooError } from '../errors.js';
import { withBuildScope } from './build-scope.js';
import { netModel } from './net-model.js';

/** Height and width in pixels (null: any, known only at run time) and channels. */
export type InputShape = readonly [height: number | null, width: number | null, channels: number];

const isSize = (value: number | null): boolean => value === null || (Number.isInteger(value) && value > 0);

function checkInputShape(name: string, shape: InputShape): void {
  if (Array.isArray(shape) && shape.length === 3 && shape.every(isSize) && shape[2] !== null) return;
  throw new CnnzooError(
    'INPUT',
    `${name}: expected inputShape [height, width, channels] of positive whole numbers (height and width may be null), ` +
      `received ${JSON.stringify(shape)}.`,
  );
}

/** A `Layer`, or a net of several outputs. */
export type NetLayer = (image: SymbolicTensor, path: string) => SymbolicTensor | SymbolicTensor[];

/** Builds `net` on an image input, float32 [n, height, width, channels]. Needs a backend. */
export function buildModel(name: string, net: NetLayer, inputShape: InputShape): LayersModel {
  if (typeof name !== 'string' || name === '')
    throw new CnnzooError('INPUT', `buildModel: expected a name, received ${String(name)}.`);
  requireBackend(name);
  checkInputShape(name, inputShape);
  return withBuildScope(undefined, () => {
    const image = input({ name: 'image', shape: [...inputShape] });
    return netModel({ name, inputs: image, outputs: net(image, '') });
  });
}
