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
  }[];
}

/** The bound that a correct net keeps: max|difference| / max|logit|. */
export const PARITY = 1e-5;

export type InputSize = [height: number, width: number, channels: number];

/** Logits of one image, [height, width, channels] values, in evaluation. */
export const logitsOf = (net: LayersModel, image: Float32Array, shape: Readonly<InputSize>): Float32Array =>
  tf.tidy(
    () => (net.apply(tf.tensor4d(image, [1, ...shape]), { training: false }) as tf.Tensor).dataSync() as Float32Array,
  );

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
