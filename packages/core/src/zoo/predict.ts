import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { breathe } from '#platform';
import { modelOf } from '../graph/index.js';
import { checkInput, featuresOf, inputOf, type NetPart, partOf, requireHead, tapOf } from '../graph/late.js';
import { type FrameSource, type ImageInput, type ImageOptions, preprocess } from '../images/index.js';
import { watch as watchFrames } from '../images/late.js';
import { checkOptions } from '../util/index.js';
import type { ClassifierImages, ClassifierParts, ClassifyOptions, Prediction } from './classifier-parts.js';
import { choiceOf, predictionsOf } from './predictions.js';

/** Images that the net takes at once; bounds the memory of long lists. */
const BATCH = 32;

const wholeOf = (model: LayersModel): NetPart => partOf(model, inputOf(model), model.outputs);

/** Lets the event loop run, and throws if the net was disposed of meanwhile. */
const pauseOf = (what: string, model: LayersModel, signal: AbortSignal | undefined) => async (): Promise<void> => {
  await breathe(what, signal);
  modelOf(model);
};

/** Runs the images through `net` batch by batch. Resolves to the values of each image's output. */
async function rowsOf(
  what: string,
  { model, preprocessing }: ClassifierParts,
  images: ClassifierImages,
  net: NetPart,
  { signal, maxPixels }: ImageOptions,
  finish: (y: tf.Tensor) => tf.Tensor = (y) => y,
): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  const pause = pauseOf(what, model, signal);
  const count = Array.isArray(images) ? images.length : 1;
  for (let start = 0; start < count; start += BATCH) {
    await pause();
    const batch = Array.isArray(images) ? (images.slice(start, start + BATCH) as ImageInput[]) : images;
    const x = await preprocess(batch, preprocessing, { what, first: start, signal, maxPixels });
    let outputs: tf.Tensor[] = [];
    try {
      checkInput(what, model.name, model.inputs[0]!.shape, x);
      outputs = await net.infer(x, pause);
      const y = tf.tidy(() => finish(outputs[0]!));
      outputs.push(y);
      const values = (await y.data()) as Float32Array;
      const width = y.size / y.shape[0]!;
      for (let i = 0; i < values.length; i += width) rows.push(values.slice(i, i + width));
    } finally {
      tf.dispose([x, ...outputs]);
    }
  }
  return rows;
}

/** Predicts the classes of each image: `Classifier.classify`. */
export async function classify(
  net: ClassifierParts,
  images: ClassifierImages,
  options: ClassifyOptions = {},
): Promise<Prediction[][]> {
  requireHead(modelOf(net));
  const choice = choiceOf(options, net.model.outputs[0]!.shape.at(-1)!);
  const scoresOf = net.activation === 'sigmoid' ? tf.sigmoid : tf.softmax;
  const rows = await rowsOf('The classification', net, images, wholeOf(net.model), options, scoresOf);
  return rows.map((scores) => predictionsOf(scores, net.categories, choice));
}

/** Nets up to their heads, by net. */
const features = new WeakMap<LayersModel, LayersModel>();

/** Computes the pooled features of each image: `Classifier.embed`. */
export async function embed(
  net: ClassifierParts,
  images: ClassifierImages,
  options: ImageOptions = {},
): Promise<Float32Array[]> {
  checkOptions('embed', options, ['signal', 'maxPixels']);
  const found = features.get(net.model) ?? featuresOf(modelOf(net));
  features.set(net.model, found);
  return rowsOf('The embedding', net, images, wholeOf(found), options);
}

/** Computes the outputs of the named layers: `Classifier.activations`. */
export async function activations<Name extends string>(
  net: ClassifierParts,
  images: ClassifierImages,
  names: readonly Name[],
  options: ImageOptions = {},
): Promise<Record<Name, tf.Tensor>> {
  checkOptions('activations', options, ['signal', 'maxPixels']);
  const { signal, maxPixels } = options;
  const tap = wholeOf(tapOf(modelOf(net), names));
  const what = 'The computing of activations';
  const x = await preprocess(images, net.preprocessing, { what, signal, maxPixels });
  try {
    checkInput(what, net.model.name, net.model.inputs[0]!.shape, x);
    const outputs = await tap.infer(x, pauseOf(what, net.model, signal));
    return Object.fromEntries(names.map((name, i) => [name, outputs[i]!])) as Record<Name, tf.Tensor>;
  } finally {
    x.dispose();
  }
}

/** Classifies the newest frame, again and again: `Classifier.watch`. */
export function watch(
  net: ClassifierParts,
  source: FrameSource,
  options: ClassifyOptions,
): AsyncGenerator<Prediction[], void, undefined> {
  checkOptions('watch', options, ['topK', 'threshold', 'signal', 'maxPixels']);
  const answer = async (frame: ImageInput): Promise<Prediction[]> => (await classify(net, frame, options))[0]!;
  return watchFrames(source, answer, options.signal);
}
