import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Output of tools/weights/torch/golden.py for a net. */
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
    /** First of the logits. */
    readonly logits: readonly number[];
    /** Input of the head: length, max|feature| and first values. */
    readonly features?: { readonly length: number; readonly largest: number; readonly first: readonly number[] };
    /** Logits of the auxiliary heads. */
    readonly auxiliary?: readonly { readonly largest: number; readonly logits: readonly number[] }[];
  }[];
}

/** Largest relative error of a correct net: max|difference| / max|logit|. */
export const PARITY = 1e-5;

export type InputSize = [height: number, width: number, channels: number];

/** Computes every output of a net for one image of [height, width, channels] values, in evaluation mode. */
export const outputsOf = (net: LayersModel, image: Float32Array, shape: Readonly<InputSize>): Float32Array[] =>
  tf.tidy(() =>
    [net.apply(tf.tensor4d(image, [1, ...shape]), { training: false }) as tf.Tensor | tf.Tensor[]]
      .flat()
      .map((output) => output.dataSync() as Float32Array),
  );

/** Computes the logits: a net's first output. */
export const logitsOf = (net: LayersModel, image: Float32Array, shape: Readonly<InputSize>): Float32Array =>
  outputsOf(net, image, shape)[0]!;

/** Returns max|received - expected| / max|expected|. */
export function relativeError(received: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    // Comparisons with NaN are false, so a NaN would pass unnoticed.
    const difference = Math.abs(received[i]! - expected[i]!);
    error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(error, difference);
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return error / scale;
}
