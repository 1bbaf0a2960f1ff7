import type { LayersModel } from '@tensorflow/tfjs-layers';

/** What functions on nets take: a LayersModel, or anything that holds one, as a `Classifier` does. */
export type Net = LayersModel | { readonly model: LayersModel };

export const modelOf = (net: Net): LayersModel => ('model' in net ? net.model : net);
