import * as tf from '@tensorflow/tfjs-core';
import * as v from 'valibot';
import type { TensorFile } from '../checkpoint/index.js';
import type { InputShape } from '../graph/index.js';
import type { Preprocessing } from '../images/index.js';
import { CnnzooError, warn } from '../util/index.js';
import type { GivenWeights } from './open-weights.js';
import { CONFIG_KEY } from './saved.js';
import type { LoadedWeights } from './weights.js';

/**
 * Keys of the kernels that see the image: those with as many input channels as the published net has. (No deeper
 * layer of an image net has three, or one, unless it is grouped; then nothing is adapted, and the strict load says so.)
 */
export function imageKernels(file: Pick<TensorFile, 'tensors'>, published: number): readonly string[] {
  const keys = [...file.tensors].filter(([, { shape }]) => shape.length === 4 && shape[1] === published);
  return keys.length === 1 ? [keys[0]![0]] : [];
}

/**
 * A first kernel, HWIO, for another number of channels, as timm's `adapt_input_conv` does it: for one channel the sum
 * over the published ones, so that a grey image answers as its RGB copy; for more, the published ones repeated, cut,
 * and scaled so that the sum stays. Owns the kernel; the result is the caller's.
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
 * The preprocessing of published weights for another input shape. The crop is the net's height and width, and what it
 * is cut from is larger in the published proportion. One channel is grey (Pillow's `L`), normalised by the average of
 * the published means and deviations. With neither one nor three channels no image can be turned into an input: the
 * preprocessing stays as published, and the net is fed through `.model`.
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

const savedConfig = v.object({
  categories: v.nullable(v.array(v.string())),
  activation: v.optional(v.picklist(['softmax', 'sigmoid'])),
});

/** Facts of the head that `save` wrote beside the weights; undefined if there are none. */
export function savedWith(metadata: Readonly<Record<string, string>>): v.InferOutput<typeof savedConfig> | undefined {
  try {
    const { success, output } = v.safeParse(savedConfig, JSON.parse(metadata[CONFIG_KEY] ?? 'null'));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}

interface Asked extends Pick<GivenWeights, 'file' | 'entry' | 'known'> {
  readonly head: LoadedWeights['head'];
  readonly numClasses: number | undefined;
  readonly categories: readonly string[] | undefined;
}

/**
 * The label of each class: the caller's, else those that are known of the head; null if none are.
 * @throws CnnzooError INPUT if the caller has the labels of a head that is kept in another order.
 */
export function labelsFor(
  name: string,
  { file, entry, known, head, numClasses, categories }: Asked,
): readonly string[] | null {
  const saved = savedWith(file.metadata)?.categories;
  if (numClasses === undefined) return (head === 'kept' ? saved : undefined) ?? entry.categories;
  const labels = saved ?? (known ? entry.categories : null);
  const trained = head === 'kept' && labels?.length === numClasses ? labels : null;
  if (!categories || !trained || trained.join('\n') === categories.join('\n')) return categories ?? trained;
  if ([...trained].sort().join('\n') === [...categories].sort().join('\n'))
    throw new CnnzooError(
      'INPUT',
      `${name}.pretrained: the head that is kept has the same categories in another order: expected ` +
        `${trained.slice(0, 3).join(', ')}, …, received ${categories.slice(0, 3).join(', ')}, …. To fix this, give them in ` +
        "its order, or take a fresh head by head: 'new'.",
    );
  warn(
    `${name}.pretrained: the head that is kept was trained on other categories (${trained.slice(0, 3).join(', ')}, …): ` +
      `they are called ${categories.slice(0, 3).join(', ')}, … now. head: 'new' takes a fresh one.`,
  );
  return categories;
}
