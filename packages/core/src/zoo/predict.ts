import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { breathe } from '#platform';
import { modelOf } from '../graph/index.js';
import { checkInput, featuresOf, inputOf, type NetPart, partOf, requireHead, tapOf } from '../graph/late.js';
import type { FrameSource, ImageInput, ImageOptions } from '../images/index.js';
import { watch as watchFrames } from '../images/late.js';
import { checkOptions } from '../util/index.js';
import type {
  ClassifierImages,
  ClassifierParts,
  ClassifyOptions,
  ImageAnswer,
  Prediction,
  StreamOptions,
} from './classifier-parts.js';
import { choiceOf, predictionsOf } from './predictions.js';
import { preprocess } from './preprocess.js';
import { classifyStream, WHAT } from './stream.js';

/** Images that the net takes at once; bounds the memory of long lists. */
const BATCH = 32;

const wholeOf = (model: LayersModel): NetPart => partOf(model, inputOf(model), model.outputs);

/** Lets the event loop run, and throws if the net was disposed of meanwhile. */
const pauseOf = (what: string, model: LayersModel, signal: AbortSignal | undefined) => async (): Promise<void> => {
  await breathe(what, signal);
  modelOf(model);
};

/** Runs a batch through `net`, and disposes of it. Resolves to the values of each image's output. */
async function rowsOfBatch(
  what: string,
  { model }: ClassifierParts,
  x: tf.Tensor4D,
  net: NetPart,
  signal: AbortSignal | undefined,
  finish: (y: tf.Tensor) => tf.Tensor = (y) => y,
): Promise<Float32Array[]> {
  let outputs: tf.Tensor[] = [];
  try {
    checkInput(what, model.name, model.inputs[0]!.shape, x);
    outputs = await net.infer(x, pauseOf(what, model, signal));
    const y = tf.tidy(() => finish(outputs[0]!));
    outputs.push(y);
    const values = (await y.data()) as Float32Array;
    const width = y.size / y.shape[0]!;
    return Array.from({ length: y.shape[0]! }, (_, i) => values.slice(i * width, (i + 1) * width));
  } finally {
    tf.dispose([x, ...outputs]);
  }
}

/** Runs the images through `net` batch by batch. Resolves to the values of each image's output. */
async function rowsOf(
  what: string,
  parts: ClassifierParts,
  images: ClassifierImages,
  net: NetPart,
  { signal, maxPixels }: ImageOptions,
  finish?: (y: tf.Tensor) => tf.Tensor,
): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  const pause = pauseOf(what, parts.model, signal);
  const count = Array.isArray(images) ? images.length : 1;
  for (let start = 0; start < count; start += BATCH) {
    await pause();
    const batch = Array.isArray(images) ? (images.slice(start, start + BATCH) as ImageInput[]) : images;
    const x = await preprocess(batch, parts.preprocessing, { what, first: start, signal, maxPixels });
    rows.push(...(await rowsOfBatch(what, parts, x, net, signal, finish)));
  }
  return rows;
}

const scoresOf = ({ activation }: ClassifierParts) => (activation === 'sigmoid' ? tf.sigmoid : tf.softmax);

const classesOf = ({ model }: ClassifierParts): number => model.outputs[0]!.shape.at(-1)!;

/** Predicts the classes of an image, or of each image of a list: `Classifier.classify`. */
export async function classify(
  net: ClassifierParts,
  images: ClassifierImages,
  options: ClassifyOptions = {},
): Promise<Prediction[] | Prediction[][]> {
  requireHead(modelOf(net));
  const choice = choiceOf(options, classesOf(net));
  const rows = await rowsOf(WHAT, net, images, wholeOf(net.model), options, scoresOf(net));
  const predictions = rows.map((scores) => predictionsOf(scores, net.categories, choice));
  return Array.isArray(images) ? predictions : predictions[0]!;
}

/** Predicts the classes of a stream of images: `Classifier.classify` of an async iterable. */
export function stream(
  net: ClassifierParts,
  images: AsyncIterable<ImageInput>,
  options: StreamOptions = {},
): AsyncGenerator<ImageAnswer, void, undefined> {
  requireHead(modelOf(net));
  const whole = wholeOf(net.model);
  const { preprocessing, categories } = net;
  return classifyStream(
    {
      preprocessing,
      classes: classesOf(net),
      async predict(values, shape, choice) {
        modelOf(net);
        const rows = await rowsOfBatch(
          WHAT,
          net,
          tf.tensor4d(values, [...shape]),
          whole,
          options.signal,
          scoresOf(net),
        );
        return rows.map((scores) => predictionsOf(scores, categories, choice));
      },
    },
    images,
    options,
  );
}

/** Nets up to their heads, by net. */
const features = new WeakMap<LayersModel, LayersModel>();

/** Computes the pooled features of an image, or of each image of a list: `Classifier.embed`. */
export async function embed(
  net: ClassifierParts,
  images: ClassifierImages,
  options: ImageOptions = {},
): Promise<Float32Array | Float32Array[]> {
  checkOptions('embed', options, ['signal', 'maxPixels']);
  const found = features.get(net.model) ?? featuresOf(modelOf(net));
  features.set(net.model, found);
  const rows = await rowsOf('The embedding', net, images, wholeOf(found), options);
  return Array.isArray(images) ? rows : rows[0]!;
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
  options: ClassifyOptions = {},
): AsyncGenerator<Prediction[], void, undefined> {
  checkOptions('watch', options, ['topK', 'threshold', 'signal', 'maxPixels']);
  const answer = (frame: ImageInput) => classify(net, frame, options) as Promise<Prediction[]>;
  return watchFrames(source, answer, options.signal);
}
