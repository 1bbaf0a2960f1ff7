import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Preprocessing } from './images/prepare.js';

/** What functions on nets take: a LayersModel, or anything that holds one, as a `Classifier` does. */
export type Net =
  | LayersModel
  | {
      readonly model: LayersModel;
      readonly preprocessing?: Preprocessing;
      readonly categories?: readonly string[] | null;
    };

export const modelOf = (net: Net): LayersModel => ('model' in net ? net.model : net);

/** What the net's images have to be like, where it says so. */
export const preprocessingOf = (net: Net): Preprocessing | undefined =>
  'model' in net ? net.preprocessing : undefined;

/** The names of the net's classes, by label; undefined if it has none. */
export const categoriesOf = (net: Net): readonly string[] | undefined =>
  'model' in net ? (net.categories ?? undefined) : undefined;
