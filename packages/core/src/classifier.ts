import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CnnzooError } from './errors.js';
import { featuresOf, requireHead, tapOf } from './features.js';
import type { ImageInput } from './images/input.js';
import type { Preprocessing } from './images/prepare.js';

/** Images that go through the net together; bounds the memory of long lists. */
const BATCH = 32;

export interface ClassifierParts {
  readonly model: LayersModel;
  readonly preprocessing: Preprocessing;
  /** A label per class; null where none is known. */
  readonly categories: readonly string[] | null;
  /** The weights it began with, e.g. 'IMAGENET1K_V2'. */
  readonly weights?: string;
}

export interface Prediction {
  readonly label: string;
  /** The class: an index into the logits. */
  readonly index: number;
  /** Softmax probability, 0 to 1. */
  readonly score: number;
}

export interface ClassifyOptions {
  /** How many predictions an image gets. */
  topK?: number;
}

type Images = ImageInput | readonly ImageInput[];

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
  private features: LayersModel | undefined;

  constructor({ model, preprocessing, categories, weights }: ClassifierParts) {
    const classes = model.outputs[0]!.shape.at(-1);
    if (categories && categories.length !== classes)
      throw new CnnzooError(
        'INPUT',
        `Classifier: expected one category per class, received ${categories.length} categories for ${classes} classes.`,
      );
    this.model = model;
    this.preprocessing = preprocessing;
    this.categories = categories;
    this.weights = weights;
  }

  /** The `topK` most probable classes of an image, the best first; of a list of images, a list of those, in order. */
  async classify(image: ImageInput, options?: ClassifyOptions): Promise<Prediction[]>;
  async classify(images: readonly ImageInput[], options?: ClassifyOptions): Promise<Prediction[][]>;
  async classify(images: Images, { topK = 5 }: ClassifyOptions = {}): Promise<Prediction[] | Prediction[][]> {
    if (!(Number.isInteger(topK) && topK > 0))
      throw new CnnzooError('INPUT', `classify: expected topK 1, 2, …, received ${topK}.`);
    requireHead(this.model);
    const rows = await this.run(images, (x) => {
      const [logits] = [this.model.apply(x, { training: false })].flat() as [tf.Tensor];
      return tf.softmax(logits);
    });
    const predictions = rows.map((scores) => this.best(scores, topK));
    return Array.isArray(images) ? predictions : predictions[0]!;
  }

  /** What the head sees, pooled: a vector per image, for search, clustering or a head of your own. */
  async embed(image: ImageInput): Promise<Float32Array>;
  async embed(images: readonly ImageInput[]): Promise<Float32Array[]>;
  async embed(images: Images): Promise<Float32Array | Float32Array[]> {
    this.features ??= featuresOf(this.model);
    const { features } = this;
    const rows = await this.run(images, (x) => features.apply(x, { training: false }) as tf.Tensor);
    return Array.isArray(images) ? rows : rows[0]!;
  }

  /**
   * The outputs of the named layers (`summary(net)` lists them) for an image or a list, by name: [n, h, w, c] or
   * [n, c]. The tensors are the caller's.
   */
  async activations<Name extends string>(images: Images, names: readonly Name[]): Promise<Record<Name, tf.Tensor>> {
    const tap = tapOf(this.model, names);
    const x = await this.preprocess(images);
    try {
      const outputs = tf.tidy(() => tap.apply(x, { training: false }) as tf.Tensor | tf.Tensor[]);
      const list = Array.isArray(outputs) ? outputs : [outputs];
      return Object.fromEntries(names.map((name, i) => [name, list[i]!])) as Record<Name, tf.Tensor>;
    } finally {
      x.dispose();
    }
  }

  /** What the net sees of an image or a list: float32 [n, height, width, channels], normalised. The tensor is the caller's. */
  async preprocess(images: Images): Promise<tf.Tensor4D> {
    const { preprocess } = await import('./images/preprocess.js');
    return preprocess(images, this.preprocessing);
  }

  /** Writes weights, architecture, labels and preprocessing to `path` (a directory, or a `.safetensors` file). */
  async save(path: string): Promise<void> {
    await (await import('./save.js')).save(this, path);
  }

  /** Reads what `save` wrote. The same as the function `load`. */
  static async load(path: string | URL): Promise<Classifier> {
    return (await import('./load.js')).load(path);
  }

  /** Frees the net's weights. */
  dispose(): void {
    this.model.dispose();
  }

  /** Runs the images through `net` batch by batch; a row per image. */
  private async run(images: Images, net: (x: tf.Tensor4D) => tf.Tensor): Promise<Float32Array[]> {
    const list = (Array.isArray(images) ? images : [images]) as readonly ImageInput[];
    const rows: Float32Array[] = [];
    for (let start = 0; start < list.length; start += BATCH) {
      const x = await this.preprocess(list.slice(start, start + BATCH));
      const y = tf.tidy(() => net(x));
      x.dispose();
      const values = (await y.data()) as Float32Array;
      const width = y.size / y.shape[0]!;
      y.dispose();
      for (let i = 0; i < values.length; i += width) rows.push(values.slice(i, i + width));
    }
    return rows;
  }

  private best(scores: Float32Array, topK: number): Prediction[] {
    return Array.from(scores, (score, index) => ({ label: this.categories?.[index] ?? String(index), index, score }))
      .sort((a, b) => b.score - a.score)
      .slice(0, topK);
  }
}
