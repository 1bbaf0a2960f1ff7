import type {
  ClassifierImages,
  ClassifyOptions,
  ImageAnswer,
  ImageInput,
  ImageOptions,
  OutputActivation,
  Prediction,
  Preprocessing,
  StreamOptions,
} from '@cnnzoo/core';
import {
  CnnzooError,
  checkOptions,
  choiceOf,
  classifyStream,
  isStream,
  isTypedArray,
  predictionsOf,
  prepareImages,
  shownValue,
} from '@cnnzoo/core/internal/page';
import type { Extent } from '../graph/index.js';
import type { BatchShape, Engine, EngineName } from './engine.js';
import { scoresOf } from './scores.js';

/** Images that the net takes at once; bounds the memory of long lists. */
const BATCH = 32;

/** Facts of a net in a session. */
export interface SessionFacts {
  readonly model: string;
  /** [n, height, width, channels]; null: any. */
  readonly input: readonly Extent[];
  readonly classes: number;
  readonly categories: readonly string[] | null;
  /** null: a LayersModel, which states none. */
  readonly preprocessing: Preprocessing | null;
  readonly activation: OutputActivation;
  /** Place of the features among the engine's outputs; undefined: the net does not know its head; 0: it has none, and gives features. */
  readonly features: number | undefined;
  /** true: computed in 8 bits, in which a value that is not finite would look like another. */
  readonly isInteger: boolean;
  /** Why the session has its engine, as a sentence. */
  readonly reason: string;
}

/** Milliseconds that the making of a session took. */
export interface SessionTimes {
  /** Writing the net for the engine, and the engine's reading of it. */
  readonly load: number;
  /** The first batch, of one image of zeros: engines prepare their memory and kernels in it. */
  readonly warmUp: number;
}

/**
 * A net that an engine of one's choice computes: `createSession` makes one. `classify`, `embed` and their options are those of
 * `Classifier`; the answers are its own, up to rounding.
 *
 * @example
 * ```ts
 * import { createSession } from '@cnnzoo/deploy';
 *
 * const session = await createSession('flowers/');
 * console.log(session.engine, session.reason);
 * const [best] = await session.classify('rose.jpg');
 * console.log(best!.label, best!.score);
 * await session.dispose();
 * ```
 */
export class Session {
  /** Engine that computes the net. */
  readonly engine: EngineName;
  /** Why it is this engine, as a sentence. */
  readonly reason: string;
  readonly times: SessionTimes;
  /** Preprocessing of the images; null if the session was made of a LayersModel, which states none. */
  readonly preprocessing: Preprocessing | null;
  /** A label per class, in the order of the logits; null if none are known. */
  readonly categories: readonly string[] | null;
  /** Function from logits to scores. */
  readonly activation: OutputActivation;
  private isDisposed = false;
  /** Calls in progress. */
  private readonly running = new Set<Promise<unknown>>();

  /** @internal */
  constructor(
    private readonly program: Engine,
    private readonly facts: SessionFacts,
    times: SessionTimes,
  ) {
    this.engine = program.name;
    this.reason = facts.reason;
    this.preprocessing = facts.preprocessing;
    this.categories = facts.categories;
    this.activation = facts.activation;
    this.times = times;
  }

  /**
   * Computes the logits of preprocessed images.
   *
   * @param batch float32 values, normalised, row-major.
   * @param shape [images, height, width, channels].
   * @returns Float32Array [images, classes], row-major.
   * @throws CnnzooError SHAPE for another number of values, or a shape that the net does not take; BACKEND if the engine fails, as
   * onnxruntime on images too small for the net; INPUT for another array, a value that is not finite in a session of 8 bits, or after
   * `dispose`.
   */
  async run(batch: Float32Array, shape: BatchShape): Promise<Float32Array> {
    return (await this.outputs(batch, shape))[0]!;
  }

  /**
   * Computes all outputs as `run` does: the net's, and the features last if the net has a head. For `compile` of core.
   *
   * @internal
   */
  async outputs(batch: Float32Array, shape: BatchShape): Promise<readonly Float32Array[]> {
    this.requireOpen();
    const { model, input } = this.facts;
    const fits =
      Array.isArray(shape) &&
      shape.length === 4 &&
      shape.every(
        (extent, axis) => Number.isInteger(extent) && extent > 0 && (input[axis] === null || extent === input[axis]),
      );
    if (!fits)
      throw new CnnzooError(
        'SHAPE',
        `run: '${model}' takes [${input.map((extent) => extent ?? 'any').join(', ')}], received [${shape}].`,
      );
    const count = shape.reduce((product, extent) => product * extent, 1);
    if (!isTypedArray(batch, 'Float32Array'))
      throw new CnnzooError('INPUT', `run: expected a Float32Array, received ${shownValue(batch)}.`);
    if (batch.length !== count)
      throw new CnnzooError('SHAPE', `run: expected the ${count} values of [${shape}], received ${batch.length}.`);
    return this.during(this.compute(batch, shape));
  }

  /**
   * Predicts the classes of an image, the best first; for a list of images, a list of predictions for each, in order.
   *
   * For an async iterable of images, returns an async generator of answers in the same order, as `Classifier.classify` does: while a batch is
   * computed, the next is read and preprocessed, and memory holds two. An image that can't be read is an answer with its error, and the
   * others go on. Leaving the loop ends the iterable. Images are read ahead: one that you change before its answer gives the answer of
   * another.
   *
   * @throws CnnzooError INPUT for a session of a LayersModel, which has no preprocessing, or of a net without a head, or after `dispose`; ABORTED; for an image or a
   * list, IMAGE for an image that can't be read. Errors of an iterable are thrown as they are, after the answers to the
   * images before them.
   *
   * @example
   * ```ts
   * import { opendir } from 'node:fs/promises';
   * import { createSession } from '@cnnzoo/deploy';
   *
   * async function* photos() {
   *   for await (const { name } of await opendir('photos')) yield `photos/${name}`;
   * }
   * const session = await createSession('flowers/');
   * for await (const answer of session.classify(photos(), { topK: 1, batchSize: 32 }))
   *   console.log(answer.input, 'error' in answer ? answer.error.message : answer.predictions[0]!.label);
   * await session.dispose();
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
    options: StreamOptions = {},
  ): Promise<Prediction[] | Prediction[][]> | AsyncGenerator<ImageAnswer, void, undefined> {
    return isStream(images) ? this.stream(images, options) : this.classifyList(images, options);
  }

  /**
   * Computes the pooled features of an image, the input of its head; for a list of images, a vector for each.
   *
   * @returns Float32Array [features], or a list of them.
   * @throws CnnzooError as `classify`; INPUT for a net that does not know its head.
   */
  async embed(image: ImageInput, options?: ImageOptions): Promise<Float32Array>;
  async embed(images: readonly ImageInput[], options?: ImageOptions): Promise<Float32Array[]>;
  async embed(images: ClassifierImages, options: ImageOptions = {}): Promise<Float32Array | Float32Array[]> {
    checkOptions('embed', options, ['signal', 'maxPixels']);
    const { features, model } = this.facts;
    if (features === undefined)
      throw new CnnzooError(
        'INPUT',
        `embed: '${model}' gives no features: a net of your own does not know its head, and a graph's file has none. Make the session of a net ` +
          'that a builder of cnnzoo built.',
      );
    const rows = await this.during(this.rowsOf('The embedding', images, options, features));
    return Array.isArray(images) ? rows : rows[0]!;
  }

  /** Frees the engine's memory. Calls in progress end first. A second call does nothing. */
  async dispose(): Promise<void> {
    if (this.isDisposed) return;
    this.isDisposed = true;
    await Promise.allSettled(this.running);
    await this.program.dispose();
  }

  private async classifyList(
    images: ClassifierImages,
    options: ClassifyOptions,
  ): Promise<Prediction[] | Prediction[][]> {
    this.requireHead();
    const choice = choiceOf(options, this.facts.classes);
    const rows = await this.during(this.rowsOf('The classification', images, options, 0));
    const predictions = rows.map((logits) => this.predictionsOf(logits, choice));
    return Array.isArray(images) ? predictions : predictions[0]!;
  }

  private async *stream(
    images: AsyncIterable<ImageInput>,
    options: StreamOptions,
  ): AsyncGenerator<ImageAnswer, void, undefined> {
    this.requireOpen();
    this.requireHead();
    const { classes } = this.facts;
    yield* classifyStream(
      {
        preprocessing: this.requirePreprocessing(),
        classes,
        predict: async (values, shape, choice) => {
          this.requireOpen();
          const logits = (await this.during(this.compute(values, shape)))[0]!;
          return Array.from({ length: shape[0] }, (_, i) =>
            this.predictionsOf(logits.subarray(i * classes, (i + 1) * classes), choice),
          );
        },
      },
      images,
      options,
    );
  }

  /** Has `dispose` wait for a call. */
  private async during<T>(call: Promise<T>): Promise<T> {
    this.running.add(call);
    try {
      return await call;
    } finally {
      this.running.delete(call);
    }
  }

  private async compute(batch: Float32Array, shape: BatchShape): Promise<readonly Float32Array[]> {
    if (this.facts.isInteger && !batch.every(Number.isFinite))
      throw new CnnzooError(
        'INPUT',
        `'${this.facts.model}' is computed in 8 bits, in which NaN and Infinity have no place. Prepare the images anew.`,
      );
    try {
      return await this.program.run(batch, shape);
    } catch (cause) {
      if (cause instanceof CnnzooError) throw cause;
      throw new CnnzooError(
        'BACKEND',
        `'${this.engine}' could not compute [${shape}] of '${this.facts.model}': ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  private requireOpen(): void {
    if (this.isDisposed)
      throw new CnnzooError('INPUT', `The session of '${this.facts.model}' was disposed of. Dispose of it last.`);
  }

  private requireHead(): void {
    if (this.facts.features === 0)
      throw new CnnzooError(
        'INPUT',
        `The net '${this.facts.model}' has no head to classify with: it was made with numClasses: 0. Use embed, or make it with numClasses or ` +
          'categories.',
      );
  }

  private requirePreprocessing(): Preprocessing {
    if (this.preprocessing) return this.preprocessing;
    throw new CnnzooError(
      'INPUT',
      `The session of '${this.facts.model}' was made of a LayersModel, which states no preprocessing. Make it of a Classifier, or use run.`,
    );
  }

  private predictionsOf(logits: Float32Array, choice: ReturnType<typeof choiceOf>): Prediction[] {
    return predictionsOf(scoresOf(logits, this.activation), this.categories, choice);
  }

  /** Runs images batch by batch. Resolves to the values of each image's output. */
  private async rowsOf(
    what: string,
    images: ClassifierImages,
    { signal, maxPixels }: ImageOptions,
    output: number,
  ): Promise<Float32Array[]> {
    this.requireOpen();
    const preprocessing = this.requirePreprocessing();
    const rows: Float32Array[] = [];
    const count = Array.isArray(images) ? images.length : 1;
    for (let first = 0; first < count; first += BATCH) {
      const part = Array.isArray(images) ? (images.slice(first, first + BATCH) as ImageInput[]) : images;
      const { values, shape } = await prepareImages(part, preprocessing, { what, first, signal, maxPixels });
      const result = (await this.compute(values, shape))[output]!;
      const width = result.length / shape[0];
      for (let i = 0; i < shape[0]; i++) rows.push(result.slice(i * width, (i + 1) * width));
    }
    return rows;
  }
}
