import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OutputActivation } from '../graph/index.js';
import type { ImageInput, ImageOptions, Preprocessing } from '../images/index.js';
import type { CnnzooError } from '../util/index.js';
import type { Thresholds } from '../util/late.js';
import type { LoadedWeights } from './weights.js';

// Types of a Classifier, which loads the modules that do its work when they are called.

/** Parts of a Classifier. */
export interface ClassifierParts {
  /** Net: float32 images [n, height, width, channels] -> logits [n, classes]. */
  readonly model: LayersModel;
  /** Preprocessing of the images. */
  readonly preprocessing: Preprocessing;
  /** A label per class, in the order of the logits; null if none are known. */
  readonly categories: readonly string[] | null;
  /** Name of the entry whose weights the net began with, e.g. 'IMAGENET1K_V2'. Default: none. */
  readonly weights?: string | undefined;
  /**
   * The function from logits to scores: 'softmax' if each image has one class, 'sigmoid' if it can have several, or none.
   * Default: that of the loss it was trained with; else 'sigmoid' of one logit, 'softmax' of more.
   */
  readonly activation?: OutputActivation;
  /** Report of `pretrained` or `load` on the checkpoint. Undefined for a net of yours. */
  readonly loaded?: LoadedWeights | undefined;
}

/** A class, and its score for an image. */
export interface Prediction {
  /** Label of the class; its index as text if the net has no categories. */
  readonly label: string;
  /** Index of the class in the logits. */
  readonly index: number;
  /** Probability, 0 to 1: of this class among all (softmax), or of this class by itself (sigmoid). */
  readonly score: number;
}

/** Options of `classify`. */
export interface ClassifyOptions extends ImageOptions {
  /** Largest number of predictions for an image. Default: 5; with a threshold, all classes. */
  topK?: number;
  /**
   * Score, 0 to 1, above which a class is predicted, or one for each class, by index. An image with no class above it gets
   * an empty list. Default: none.
   */
  threshold?: Thresholds;
}

/** Options of `classify` for a stream of images. */
export interface StreamOptions extends ClassifyOptions {
  /** Images that the net takes at once. Memory holds two batches. Default: 16. */
  batchSize?: number | undefined;
}

/** Answer for one image of a stream: its predictions, the best first, or the error for which it has none. */
export type ImageAnswer<Input = ImageInput> = { readonly input: Input } & (
  | { readonly predictions: readonly Prediction[] }
  | { readonly error: CnnzooError }
);

/** An image, or a list of them. */
export type ClassifierImages = ImageInput | readonly ImageInput[];
