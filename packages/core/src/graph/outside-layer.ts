import type * as tf from '@tensorflow/tfjs-core';
import { CnnzooError } from '../util/index.js';

/** Layer that computes a whole net outside of TensorFlow.js, and so asynchronously. It is the only one of its net. */
export interface OutsideLayer {
  /** Name of the net. */
  readonly net: string;
  /** Name of the engine that computes it. By this mark such a layer is known. */
  readonly cnnzooEngine: string;
  /** Computes some of the layer's outputs, by their places. The caller disposes of them. */
  infer(x: tf.Tensor, places: readonly number[]): Promise<tf.Tensor[]>;
}

export const isOutside = (layer: object): layer is OutsideLayer => 'cnnzooEngine' in layer;

/** Error for an operation that needs the layers of a net that an engine computes. */
export const outsideError = ({ net, cnnzooEngine }: OutsideLayer): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `'${net}' was compiled for the engine '${cnnzooEngine}', which computes classify, watch, embed and evaluate; its layers are not ` +
      'here. Use the net that it was compiled from.',
  );
