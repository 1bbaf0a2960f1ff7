import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CnnzooError } from './errors.js';
import type { Preprocessing } from './images/prepare.js';

/** What functions on nets take: a LayersModel, or anything that holds one, as a `Classifier` does. */
export type Net =
  | LayersModel
  | {
      readonly model: LayersModel;
      readonly preprocessing?: Preprocessing;
      readonly categories?: readonly string[] | null;
    };

/** Returns true if the net's weights have been freed. tfjs has no public way to ask. */
export const isDisposed = (model: LayersModel): boolean => (model as unknown as { _refCount: number })._refCount === 0;

/** @throws CnnzooError INPUT if the net has been disposed of. */
export function modelOf(net: Net): LayersModel {
  const model = 'model' in net ? net.model : net;
  if (isDisposed(model))
    throw new CnnzooError(
      'INPUT',
      `The net '${model.name}' was disposed of: its weights are gone. Dispose of it last.`,
    );
  return model;
}

/** What the net's images have to be like, where it says so. */
export const preprocessingOf = (net: Net): Preprocessing | undefined =>
  'model' in net ? net.preprocessing : undefined;

/** The names of the net's classes, by label; undefined if it has none. */
export const categoriesOf = (net: Net): readonly string[] | undefined =>
  'model' in net ? (net.categories ?? undefined) : undefined;
