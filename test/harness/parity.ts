import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** What tools/weights/torch/golden.py prints of a net. */
export interface Golden {
  readonly model: string;
  readonly seed: string;
  readonly torch: string;
  readonly torchvision: string;
  readonly cases: readonly {
    readonly height: number;
    readonly width: number;
    readonly classes: number;
    /** max|logit| over all classes. */
    readonly largest: number;
    /** The first of them. */
    readonly logits: readonly number[];
    /** What the head is given: how many, max|feature|, and the first of them. */
    readonly features?: { readonly length: number; readonly largest: number; readonly first: readonly number[] };
    /** Those of the auxiliary heads. */
    readonly auxiliary?: readonly { readonly largest: number; readonly logits: readonly number[] }[];
  }[];
}

/** The bound that a correct net keeps: max|difference| / max|logit|. */
export const PARITY = 1e-5;

export type InputSize = [height: number, width: number, channels: number];

/** What every output of a net gives for one image, [height, width, channels] values, in evaluation. */
export const outputsOf = (net: LayersModel, image: Float32Array, shape: Readonly<InputSize>): Float32Array[] =>
  tf.tidy(() =>
    [net.apply(tf.tensor4d(image, [1, ...shape]), { training: false }) as tf.Tensor | tf.Tensor[]]
      .flat()
      .map((output) => output.dataSync() as Float32Array),
  );

/** The logits: a net's first output. */
export const logitsOf = (net: LayersModel, image: Float32Array, shape: Readonly<InputSize>): Float32Array =>
  outputsOf(net, image, shape)[0]!;

/** max|received - expected| / max|expected|. */
export function relativeError(received: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    // A NaN would lose every comparison.
    const difference = Math.abs(received[i]! - expected[i]!);
    error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(error, difference);
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return error / scale;
}
