import * as tf from '@tensorflow/tfjs-core';
import type { TensorFile } from '../checkpoint/index.js';
import type { InputShape } from '../graph/index.js';
import type { Preprocessing } from '../images/index.js';

/**
 * Returns the key of the kernel that sees the image: the only one with as many input channels as the published net has.
 * (No deeper layer has three, or one, unless it is grouped. Then nothing is adapted, and the strict load reports it.)
 */
export function imageKernels(file: Pick<TensorFile, 'tensors'>, published: number): readonly string[] {
  const keys = [...file.tensors].filter(([, { shape }]) => shape.length === 4 && shape[1] === published);
  return keys.length === 1 ? [keys[0]![0]] : [];
}

/**
 * Adapts a first kernel, HWIO, to another number of channels, as timm's `adapt_input_conv` does: for one channel it sums
 * the published ones, so that a grey image has the logits of its RGB copy; for more it repeats and cuts the published
 * ones, and scales them so that the sum stays. Disposes of the kernel; the caller disposes of the result.
 */
export function adaptKernel(kernel: tf.Tensor, channels: number): tf.Tensor {
  const result = tf.tidy(() => {
    const [height, width, published, outs] = kernel.shape as [number, number, number, number];
    if (channels === 1) return tf.sum(kernel, 2, true);
    const repeated = tf.tile(kernel, [1, 1, Math.ceil(channels / published), 1]);
    return tf.mul(tf.slice(repeated, [0, 0, 0, 0], [height, width, channels, outs]), published / channels);
  });
  kernel.dispose();
  return result;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const spread = (values: readonly number[], channels: 1 | 3): readonly number[] =>
  values.length === channels ? values : Array.from({ length: channels }, () => mean(values));

/**
 * Adapts the preprocessing of published weights to another input shape. The crop is the net's height and width, and the
 * resized image is larger than it in the published proportion. One channel is grey (Pillow's `L`), normalised by the
 * average of the published means and deviations. For other channels than one or three, which no image has, the
 * preprocessing stays as published, and the net is used through `.model`.
 */
export function adaptPreprocessing(published: Preprocessing, [height, width, channels]: InputShape): Preprocessing {
  const crop = [height ?? published.crop[0], width ?? published.crop[1]] as const;
  const scale = Math.max(...crop) / Math.max(...published.crop);
  const resize = published.resize === null ? null : Math.round(published.resize * scale);
  const kept = channels === 1 || channels === 3 ? channels : published.channels;
  return {
    ...published,
    resize,
    crop,
    channels: kept,
    mean: spread(published.mean, kept),
    std: spread(published.std, kept),
  };
}
