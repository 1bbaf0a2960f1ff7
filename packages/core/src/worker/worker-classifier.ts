import type * as tf from '@tensorflow/tfjs-core';
import type { OutputActivation } from '../graph/index.js';
import type { FrameSource, ImageInput, ImageOptions, Preprocessing } from '../images/index.js';
import { isFrame, watch } from '../images/late.js';
import { CnnzooError, checkOptions } from '../util/index.js';
import { throwIfAborted } from '../util/late.js';
import type { ClassifierImages, ClassifyOptions, Prediction } from '../zoo/index.js';
import type { Line } from './line.js';
import type { Call, Facts, Method, SentTensor } from './messages.js';
import { packAll } from './pack.js';

/** Option of the calls of a WorkerClassifier. */
export interface TransferOptions {
  /**
   * true moves the images' own memory (bytes, ImageData) and pictures (ImageBitmap, VideoFrame) to the worker instead of copying
   * them. They are empty here afterwards. Bytes that share their memory with others, e.g. a part of an ArrayBuffer, are
   * copied all the same. Default: false.
   */
  transfer?: boolean | undefined;
}

/** Subjects of the messages when a signal stops a call, as without a worker. */
const WHAT: Record<Method, string> = {
  classify: 'The classification',
  embed: 'The embedding',
  activations: 'The computing of activations',
};

const IMAGE_OPTIONS = ['signal', 'maxPixels', 'transfer'];
const OPTIONS: Record<Method, readonly string[]> = {
  classify: ['topK', 'threshold', ...IMAGE_OPTIONS],
  embed: IMAGE_OPTIONS,
  activations: IMAGE_OPTIONS,
};

/**
 * A `Classifier` that computes in a worker, so that the page or program stays responsive. `inWorker` makes one. Its methods
 * take the same images and options as those of `Classifier`, answer the same, and throw the same errors; calls are answered in their order.
 * Streams alone are not taken: classify their images one by one, as many at once as memory allows.
 * Of images that a worker can't see (elements, canvases, tensors), the pixels are sent.
 *
 * @example
 * ```ts
 * import { inWorker } from '@cnnzoo/core/worker';
 *
 * const net = await inWorker(() => new Worker(new URL('./net.worker.js', import.meta.url), { type: 'module' }));
 * const [best] = await net.classify(document.querySelector('img')!, { signal: AbortSignal.timeout(5000) });
 * console.log(best!.label, best!.score);
 * net.dispose();
 * ```
 */
export class WorkerClassifier {
  /** Preprocessing of the images. */
  readonly preprocessing: Preprocessing;
  /** A label per class, in the order of the logits; null if none are known. */
  readonly categories: readonly string[] | null;
  /** Name of the entry whose weights the net began with. Undefined if there is none. */
  readonly weights: string | undefined;
  /** Function from logits to scores. */
  readonly activation: OutputActivation;

  /** @internal */
  constructor(
    private readonly line: Line,
    { preprocessing, categories, weights, activation }: Facts,
  ) {
    this.preprocessing = preprocessing;
    this.categories = categories;
    this.weights = weights;
    this.activation = activation;
  }

  /**
   * Predicts the classes of an image, the best first; for a list of images, a list of predictions for each, in order.
   *
   * @throws CnnzooError as `Classifier.classify`; BACKEND if the worker has died; INPUT after `dispose`.
   */
  async classify(image: ImageInput, options?: ClassifyOptions & TransferOptions): Promise<Prediction[]>;
  async classify(images: readonly ImageInput[], options?: ClassifyOptions & TransferOptions): Promise<Prediction[][]>;
  async classify(
    images: ClassifierImages,
    options?: ClassifyOptions & TransferOptions,
  ): Promise<Prediction[] | Prediction[][]> {
    return this.call({ method: 'classify', images }, options) as Promise<Prediction[] | Prediction[][]>;
  }

  /**
   * Computes the pooled features of an image, the input of its head; for a list of images, a vector for each.
   *
   * @returns Float32Array [features], or a list of them.
   * @throws CnnzooError as `Classifier.embed`; BACKEND if the worker has died; INPUT after `dispose`.
   */
  async embed(image: ImageInput, options?: ImageOptions & TransferOptions): Promise<Float32Array>;
  async embed(images: readonly ImageInput[], options?: ImageOptions & TransferOptions): Promise<Float32Array[]>;
  async embed(
    images: ClassifierImages,
    options?: ImageOptions & TransferOptions,
  ): Promise<Float32Array | Float32Array[]> {
    return this.call({ method: 'embed', images }, options) as Promise<Float32Array | Float32Array[]>;
  }

  /**
   * Computes the outputs of layers for an image or a list of images. The tensors are made here, by this thread's backend; one is
   * chosen if none is in use.
   *
   * @param names paths of layers, as `summary(net)` lists them.
   * @returns tensors by name, [n, h, w, c] or [n, c]. The caller disposes of them.
   * @throws CnnzooError as `Classifier.activations`; BACKEND if the worker has died; INPUT after `dispose`.
   */
  async activations<Name extends string>(
    images: ClassifierImages,
    names: readonly Name[],
    options?: ImageOptions & TransferOptions,
  ): Promise<Record<Name, tf.Tensor>> {
    const found = await this.call({ method: 'activations', images, names }, options);
    const { tensorsOf } = await import('./tensors.js');
    return tensorsOf(found as Record<Name, SentTensor>);
  }

  /**
   * Classifies the images of a camera or video: always the newest one, as `Classifier.watch`. VideoFrames and ImageBitmaps of a
   * stream or iterable are moved to the worker.
   *
   * @throws CnnzooError as `Classifier.watch`; BACKEND if the worker has died; INPUT after `dispose`.
   */
  async *watch(source: FrameSource, options: ClassifyOptions = {}): AsyncGenerator<Prediction[], void, undefined> {
    checkOptions('watch', options, ['topK', 'threshold', 'signal', 'maxPixels']);
    const answer = (frame: ImageInput): Promise<Prediction[]> =>
      this.classify(frame, { ...options, transfer: typeof frame === 'object' && isFrame(frame) });
    yield* watch(source, answer, options.signal);
  }

  /** Ends the worker, and with it the net. Calls without an answer reject. A second call does nothing. */
  dispose(): void {
    this.line.close(
      new CnnzooError('INPUT', 'The classifier was disposed of: its worker has ended. Dispose of it last.'),
    );
  }

  private async call(
    { method, images, names }: Pick<Call, 'method' | 'names'> & { readonly images: ClassifierImages },
    given: ImageOptions & TransferOptions = {},
  ): Promise<unknown> {
    checkOptions(method, given, OPTIONS[method]);
    const { signal, transfer = false, ...options } = given;
    if (typeof transfer !== 'boolean')
      throw new CnnzooError('INPUT', `${method}: expected transfer to be true or false, received ${String(transfer)}.`);
    this.line.requireOpen();
    throwIfAborted(WHAT[method], signal);
    const request = { method, options, ...(method === 'activations' && { names }) };
    return this.line.call(request, packAll(images, transfer), WHAT[method], signal);
  }
}
