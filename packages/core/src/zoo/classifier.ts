import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { FetchOptions } from '../checkpoint/index.js';
import { isDisposed, noteOutputActivation, type OutputActivation, outputActivationOf } from '../graph/index.js';
import type { FrameSource, ImageInput, ImageOptions, Preprocessing } from '../images/index.js';
import type { SaveOptions } from '../state-dict/index.js';
import { CnnzooError, checkCategories } from '../util/index.js';
import type {
  ClassifierImages,
  ClassifierParts,
  ClassifyOptions,
  ImageAnswer,
  Prediction,
  StreamOptions,
} from './classifier-parts.js';
import type { LoadedWeights } from './weights.js';

/** Loads what images are computed by, with the first call that needs it. */
const predict = () => import('./predict.js');

/**
 * A net with the preprocessing and the labels of its weights: images in, predictions out. Owns the net.
 *
 * `pretrained` and `load` make one. The constructor makes one of a net of yours.
 *
 * @throws CnnzooError INPUT if the number of categories is not that of the net's classes.
 *
 * @example
 * ```ts
 * import { buildModel, Classifier, conv, globalAvgPool, linear, relu, seq, useBackend } from '@cnnzoo/core';
 *
 * await useBackend();
 * const layers = seq({ conv: conv(8, 3), relu, pool: globalAvgPool, fc: linear(2) });
 * const net = new Classifier({
 *   model: buildModel('tiny', layers, [32, 32, 3]),
 *   preprocessing: {
 *     resize: 32,
 *     crop: [32, 32],
 *     channels: 3,
 *     mean: [0.5, 0.5, 0.5],
 *     std: [0.25, 0.25, 0.25],
 *     interpolation: 'bilinear',
 *   },
 *   categories: ['cat', 'dog'],
 * });
 * const [best] = await net.classify('cat.jpg');
 * console.log(best!.label, best!.score);
 * ```
 */
export class Classifier implements ClassifierParts {
  /** Returns true for a Classifier, also of another copy of core. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return (value as { cnnzoo?: unknown } | null | undefined)?.cnnzoo === 'classifier';
  }

  /** Mark of a Classifier. */
  readonly cnnzoo = 'classifier';
  /** Net: float32 images [n, height, width, channels] -> logits [n, classes]. */
  readonly model: LayersModel;
  /** Preprocessing of the images. */
  readonly preprocessing: Preprocessing;
  /** A label per class, in the order of the logits; null if none are known. */
  readonly categories: readonly string[] | null;
  /** Name of the entry whose weights the net began with. Undefined if there is none. */
  readonly weights: string | undefined;
  /** Checkpoint of the weights, and its way into the net. Undefined for a net of yours. */
  readonly loaded: LoadedWeights | undefined;

  constructor({ model, preprocessing, categories, weights, activation, loaded }: ClassifierParts) {
    const classes = model.outputs[0]!.shape.at(-1);
    if (categories != null) checkCategories('Classifier', categories);
    if (categories && categories.length !== classes)
      throw new CnnzooError(
        'INPUT',
        `Classifier: expected one category per class, received ${categories.length} categories for ${classes} classes.`,
      );
    this.model = model;
    this.preprocessing = preprocessing;
    this.categories = categories;
    this.weights = weights;
    if (activation !== undefined) noteOutputActivation(model, activation);
    this.loaded = loaded;
  }

  /** Function from logits to scores. Training sets it to that of the loss. */
  get activation(): OutputActivation {
    return outputActivationOf(this.model);
  }

  set activation(activation: OutputActivation) {
    noteOutputActivation(this.model, activation);
  }

  /**
   * Predicts the classes of an image, the best first; for a list of images, a list of predictions for each, in order.
   *
   * For an async iterable of images, returns an async generator of answers in the same order: while a batch is computed, the next
   * is read and preprocessed, and memory holds two. An image that can't be read is an answer with its error, and the others go on.
   * Leaving the loop ends the iterable. Images are read ahead: one that you change before its answer gives the answer of another.
   *
   * @throws CnnzooError INPUT for a net without a head; ABORTED; for an image or a list, IMAGE for an image that can't be read.
   * Errors of an iterable are thrown as they are, after the answers to the images before them.
   *
   * @example
   * ```ts
   * import { opendir } from 'node:fs/promises';
   * import { load } from '@cnnzoo/core';
   *
   * async function* photos() {
   *   for await (const { name } of await opendir('photos')) yield `photos/${name}`;
   * }
   * const net = await load('flowers/');
   * for await (const answer of net.classify(photos(), { topK: 1 }))
   *   console.log(answer.input, 'error' in answer ? answer.error.message : answer.predictions[0]!.label);
   * ```
   */
  classify(image: ImageInput, options?: ClassifyOptions): Promise<Prediction[]>;
  classify(images: readonly ImageInput[], options?: ClassifyOptions): Promise<Prediction[][]>;
  classify<Input extends ImageInput>(
    images: AsyncIterable<Input>,
    options?: StreamOptions,
  ): AsyncGenerator<ImageAnswer<Input>, void, undefined>;
  classify(
    images: ClassifierImages | AsyncIterable<ImageInput>,
    options?: StreamOptions,
  ): Promise<Prediction[] | Prediction[][]> | AsyncGenerator<ImageAnswer, void, undefined> {
    return Symbol.asyncIterator in Object(images)
      ? this.stream(images as AsyncIterable<ImageInput>, options)
      : predict().then(({ classify }) => classify(this, images as ClassifierImages, options));
  }

  private async *stream(
    images: AsyncIterable<ImageInput>,
    options?: StreamOptions,
  ): AsyncGenerator<ImageAnswer, void, undefined> {
    yield* (await predict()).stream(this, images, options);
  }

  /**
   * Classifies the images of a camera or video: always the newest one, so that the answers keep up however long each
   * takes. Images that arrive meanwhile are dropped. The loop ends with the source, when the signal aborts (without an error), or
   * when it is left.
   *
   * @param source video element, ReadableStream, or async iterable of images. A video element's current frame is read, and a
   * paused video or hidden page waits. VideoFrames, ImageBitmaps and tensors of a stream or iterable are freed, classified or
   * dropped.
   * @throws CnnzooError INPUT for another source or an unknown option; IMAGE for a video that can't be played; the errors of
   * `classify` and of the source.
   *
   * @example
   * ```ts
   * import { load } from '@cnnzoo/core';
   *
   * const net = await load('flowers/');
   * const video = document.querySelector('video')!;
   * video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
   * await video.play();
   * for await (const [best] of net.watch(video, { topK: 1, signal })) document.title = best!.label;
   * ```
   */
  async *watch(source: FrameSource, options?: ClassifyOptions): AsyncGenerator<Prediction[], void, undefined> {
    yield* (await predict()).watch(this, source, options);
  }

  /**
   * Computes the pooled features of an image, the input of its head: a vector for search, clustering or a head of your
   * own. For a list of images, a vector for each.
   *
   * @returns Float32Array [features], or a list of them.
   */
  async embed(image: ImageInput, options?: ImageOptions): Promise<Float32Array>;
  async embed(images: readonly ImageInput[], options?: ImageOptions): Promise<Float32Array[]>;
  async embed(images: ClassifierImages, options?: ImageOptions): Promise<Float32Array | Float32Array[]> {
    return (await predict()).embed(this, images, options);
  }

  /**
   * Computes the outputs of layers for an image or a list of images.
   *
   * @param names paths of layers, as `summary(net)` lists them.
   * @returns tensors by name, [n, h, w, c] or [n, c]. The caller disposes of them.
   */
  async activations<Name extends string>(
    images: ClassifierImages,
    names: readonly Name[],
    options?: ImageOptions,
  ): Promise<Record<Name, tf.Tensor>> {
    return (await predict()).activations(this, images, names, options);
  }

  /** Preprocesses an image or a list: float32 [n, height, width, channels], normalised. The caller disposes of the tensor. */
  async preprocess(images: ClassifierImages, options: ImageOptions = {}): Promise<tf.Tensor4D> {
    const { preprocess } = await import('./preprocess.js');
    return preprocess(images, this.preprocessing, options);
  }

  /**
   * Writes weights, architecture, labels and preprocessing to `path`: a directory, or a `.safetensors` file, as a path
   * or file: URL. `dtype: 'float16'` halves the file, `dtype: 'int8'` quarters it.
   */
  async save(path: string | URL, options: SaveOptions = {}): Promise<void> {
    await (await import('./saved.js')).save(this, path, options);
  }

  /** Reads a classifier that `save` wrote; the same as the function `load`. */
  static async load(path: string | URL, options: FetchOptions = {}): Promise<Classifier> {
    return load(path, options);
  }

  /** Frees the net's weights. A second call does nothing. */
  dispose(): void {
    if (!isDisposed(this.model)) this.model.dispose();
  }
}

/**
 * Reads a classifier that `save` wrote, and builds its net. Chooses a backend if none is in use.
 *
 * @param path directory, its `.safetensors` file, or the URL of either.
 * @param options `signal` that ends a download.
 * @throws CnnzooError FILE, FORMAT or STATE_DICT; for a URL, DOWNLOAD or ABORTED.
 *
 * @example
 * ```ts
 * import { load } from '@cnnzoo/core';
 *
 * const net = await load('flowers/');
 * const [best] = await net.classify('rose.jpg');
 * console.log(best!.label, best!.score);
 * ```
 */
export async function load(path: string | URL, options: FetchOptions = {}): Promise<Classifier> {
  // The reader stays out of what a page loads to build a net.
  return new Classifier(await (await import('./saved.js')).load(path, options));
}
