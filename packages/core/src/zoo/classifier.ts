import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { FetchOptions } from '../checkpoint/index.js';
import { isDisposed, noteOutputActivation, type OutputActivation, outputActivationOf } from '../graph/index.js';
import type { Thresholds } from '../graph/late.js';
import type { ImageInput, ImageOptions, Preprocessing } from '../images/index.js';
import { CnnzooError, checkCategories } from '../util/index.js';
import type { LoadedWeights } from './weights.js';

export interface ClassifierParts {
  readonly model: LayersModel;
  readonly preprocessing: Preprocessing;
  /** A label per class; null where none is known. */
  readonly categories: readonly string[] | null;
  /** The weights it began with, e.g. 'IMAGENET1K_V2'. */
  readonly weights?: string;
  /**
   * The function from logits to scores: 'softmax' if each image has one class, 'sigmoid' if it can have several, or none.
   * Default: that of the loss it was trained with; else 'sigmoid' of one logit, 'softmax' of more.
   */
  readonly activation?: OutputActivation;
  /** How the weights were read, as `pretrained` and `load` say it. */
  readonly loaded?: LoadedWeights;
}

export interface Prediction {
  readonly label: string;
  /** The class: an index into the logits. */
  readonly index: number;
  /** Probability, 0 to 1: of this class among all (softmax), or of this class by itself (sigmoid). */
  readonly score: number;
}

export interface ClassifyOptions extends ImageOptions {
  /** The most predictions that an image gets. Default: 5; with a threshold, all classes. */
  topK?: number;
  /**
   * The score, 0 to 1, above which a class is predicted, or one for each class, by index. An image with no class above it
   * gets an empty list. Default: none.
   */
  threshold?: Thresholds;
}

/** An image, or a list of them. */
export type ClassifierImages = ImageInput | readonly ImageInput[];

/** A net with the preprocessing and the labels of its weights: images in, answers out. Owns the net. */
export class Classifier implements ClassifierParts {
  /** Also recognises a Classifier of another copy of core. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return (value as { cnnzoo?: unknown } | null | undefined)?.cnnzoo === 'classifier';
  }

  readonly cnnzoo = 'classifier';
  readonly model: LayersModel;
  readonly preprocessing: Preprocessing;
  readonly categories: readonly string[] | null;
  readonly weights: string | undefined;
  /** The checkpoint that the weights are from, and how it was read. Undefined for a net of yours. */
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

  /** The function from logits to scores. Training sets it to that of the loss. */
  get activation(): OutputActivation {
    return outputActivationOf(this.model);
  }

  set activation(activation: OutputActivation) {
    noteOutputActivation(this.model, activation);
  }

  /** The most probable classes of an image, the best first; of a list of images, a list of those, in order. */
  async classify(image: ImageInput, options?: ClassifyOptions): Promise<Prediction[]>;
  async classify(images: readonly ImageInput[], options?: ClassifyOptions): Promise<Prediction[][]>;
  async classify(images: ClassifierImages, options?: ClassifyOptions): Promise<Prediction[] | Prediction[][]> {
    const predictions = await (await import('./predict.js')).classify(this, images, options);
    return Array.isArray(images) ? predictions : predictions[0]!;
  }

  /** What the head sees, pooled: a vector per image, for search, clustering or a head of your own. */
  async embed(image: ImageInput, options?: ImageOptions): Promise<Float32Array>;
  async embed(images: readonly ImageInput[], options?: ImageOptions): Promise<Float32Array[]>;
  async embed(images: ClassifierImages, options?: ImageOptions): Promise<Float32Array | Float32Array[]> {
    const rows = await (await import('./predict.js')).embed(this, images, options);
    return Array.isArray(images) ? rows : rows[0]!;
  }

  /**
   * The outputs of the named layers (`summary(net)` lists them) for an image or a list, by name: [n, h, w, c] or
   * [n, c]. The tensors are the caller's.
   */
  async activations<Name extends string>(
    images: ClassifierImages,
    names: readonly Name[],
    options?: ImageOptions,
  ): Promise<Record<Name, tf.Tensor>> {
    return (await import('./predict.js')).activations(this, images, names, options);
  }

  /** What the net sees of an image or a list: float32 [n, height, width, channels], normalised. The tensor is the caller's. */
  async preprocess(images: ClassifierImages, options: ImageOptions = {}): Promise<tf.Tensor4D> {
    const { preprocess } = await import('../images/index.js');
    return preprocess(images, this.preprocessing, options);
  }

  /**
   * Writes weights, architecture, labels and preprocessing to `path`: a directory, or a `.safetensors` file, as a path
   * or file: URL.
   */
  async save(path: string | URL): Promise<void> {
    await (await import('./saved.js')).save(this, path);
  }

  /** Reads what `save` wrote. The same as the function `load`. */
  static async load(path: string | URL, options: FetchOptions = {}): Promise<Classifier> {
    return (await import('./saved.js')).load(path, options);
  }

  /** Frees the net's weights. A second call does nothing. */
  dispose(): void {
    if (!isDisposed(this.model)) this.model.dispose();
  }
}

/**
 * Reads a classifier that `save` wrote: a directory, its file, or the URL of either.
 * @throws CnnzooError FILE, FORMAT or STATE_DICT; for a URL, DOWNLOAD or ABORTED.
 */
export async function load(path: string | URL, options: FetchOptions = {}): Promise<Classifier> {
  // The reader stays out of what a page loads to build a net.
  return (await import('./saved.js')).load(path, options);
}
