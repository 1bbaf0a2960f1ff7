import { type ImageInput, type ImageOptions, type Preprocessing, prepareImages } from '../images/index.js';
import { CnnzooError, checkOptions, shownValue } from '../util/index.js';
import { orAbort, throwIfAborted } from '../util/late.js';
import type { ImageAnswer, Prediction, StreamOptions } from './classifier-parts.js';
import { type Choice, choiceOf } from './predictions.js';

/** Subject of messages. */
export const WHAT = 'The classification';

/** Images that are decoded at a time. Bounds the memory of decoded photographs. */
const AT_ONCE = 4;

/** Images that were read together. */
interface Batch<Input> {
  readonly inputs: readonly Input[];
  /** Preprocessed image of each input, or its error. */
  readonly images: readonly (Float32Array | CnnzooError)[];
}

/** Net that answers a stream. */
export interface StreamNet {
  readonly preprocessing: Preprocessing;
  readonly classes: number;
  /** Computes the predictions of each image of a batch, float32 [images, height, width, channels]. */
  predict(
    values: Float32Array,
    shape: readonly [number, number, number, number],
    choice: Choice,
  ): Promise<readonly Prediction[][]>;
}

/** Returns true for an error about one image. Others, such as a decoder that does not start, would occur for every image. */
const isOfImage = (error: unknown): error is CnnzooError =>
  error instanceof CnnzooError && ['IMAGE', 'FILE', 'DOWNLOAD', 'INPUT'].includes(error.code);

const isError = (image: Float32Array | CnnzooError): image is CnnzooError => 'code' in image;

const ignore = (): void => undefined;

/** Reads a stream of images batch by batch. */
class BatchReader<Input extends ImageInput> {
  private readonly iterator: AsyncIterator<Input>;
  private count = 0;
  /** true while the source has been asked for an image that it has not given. */
  private isWaiting = false;
  private isLeft = false;
  /** Error of the source. */
  private failure: { readonly error: unknown } | undefined;

  constructor(
    images: AsyncIterable<Input>,
    private readonly preprocessing: Preprocessing,
    private readonly batchSize: number,
    private readonly options: ImageOptions,
  ) {
    this.iterator = images[Symbol.asyncIterator]();
  }

  /**
   * Reads and preprocesses the next images; none at the end of the stream. The images before an error of the source are a batch: they
   * are answered before it is thrown.
   */
  async read(): Promise<Batch<Input>> {
    this.throwFailure();
    const inputs: Input[] = [];
    const images: Promise<Float32Array | CnnzooError>[] = [];
    while (inputs.length < this.batchSize && !this.isLeft) {
      const next = await this.next();
      if (!next) break;
      inputs.push(next.input);
      const image = this.prepare(next.input, this.count++, images.at(-AT_ONCE));
      // An error must not go unheard while the source is asked for the next image.
      image.catch(ignore);
      images.push(image);
    }
    if (inputs.length === 0) this.throwFailure();
    return { inputs, images: await Promise.all(images) };
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure.error;
  }

  /** Asks the source for an image. Resolves to undefined at its end, and if it fails. */
  private async next(): Promise<{ readonly input: Input } | undefined> {
    this.isWaiting = true;
    try {
      const { done, value } = await this.iterator.next();
      return done ? undefined : { input: value };
    } catch (error) {
      this.failure = { error };
      return undefined;
    } finally {
      this.isWaiting = false;
    }
  }

  /** Ends the source: a file that it reads is closed. A source that waits for its next image ends after it, which nobody waits for. */
  async leave(): Promise<void> {
    this.isLeft = true;
    const ended = (async () => this.iterator.return?.())();
    ended.catch(ignore);
    if (!this.isWaiting) await ended;
  }

  /** Preprocesses an image after `before` is done. */
  private async prepare(
    input: Input,
    index: number,
    before: Promise<unknown> | undefined,
  ): Promise<Float32Array | CnnzooError> {
    await before;
    try {
      return (await prepareImages([input], this.preprocessing, { what: WHAT, first: index, ...this.options })).values;
    } catch (error) {
      if (isOfImage(error)) return error;
      throw error;
    }
  }
}

/** Computes a batch. Resolves to the answers in the order of the images. */
async function answersOf<Input>(
  { inputs, images }: Batch<Input>,
  net: StreamNet,
  choice: Choice,
): Promise<ImageAnswer<Input>[]> {
  const whole = images.filter((image) => !isError(image));
  const { crop, channels } = net.preprocessing;
  const size = crop[0] * crop[1] * channels;
  const values = new Float32Array(whole.length * size);
  for (const [i, image] of whole.entries()) values.set(image as Float32Array, i * size);
  const found = whole.length === 0 ? [] : await net.predict(values, [whole.length, ...crop, channels], choice);
  let row = 0;
  return inputs.map((input, i) => {
    const image = images[i]!;
    return isError(image) ? { input, error: image } : { input, predictions: found[row++]! };
  });
}

/** Returns true for a stream of images, and false for an image or a list of images. */
export const isStream = (images: unknown): images is AsyncIterable<ImageInput> =>
  typeof images === 'object' && images !== null && Symbol.asyncIterator in images;

/**
 * Answers a stream of images: `classify` of an async iterable. While a batch is computed, the next one is read and preprocessed.
 *
 * @throws CnnzooError INPUT for an option out of range; ABORTED; BACKEND if no image can be decoded. Errors of the source and of `predict` are
 * thrown as they are.
 */
export async function* classifyStream<Input extends ImageInput>(
  net: StreamNet,
  images: AsyncIterable<Input>,
  options: StreamOptions,
): AsyncGenerator<ImageAnswer<Input>, void, undefined> {
  checkOptions('classify', options, ['batchSize', 'topK', 'threshold', 'signal', 'maxPixels']);
  const { batchSize = 16, ...chosen } = options;
  const { signal, maxPixels } = chosen;
  if (!(Number.isInteger(batchSize) && batchSize > 0))
    throw new CnnzooError('INPUT', `classify: expected batchSize 1, 2, …, received ${shownValue(batchSize)}.`);
  if (maxPixels !== undefined && !(typeof maxPixels === 'number' && maxPixels > 0))
    throw new CnnzooError('INPUT', `classify: expected maxPixels above 0, received ${shownValue(maxPixels)}.`);
  const choice = choiceOf(chosen, net.classes);
  throwIfAborted(WHAT, signal);
  /** Waits for a promise, or for the signal: the source or the engine may not listen to it. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    try {
      return await (signal ? orAbort(promise, signal) : promise);
    } catch (error) {
      throwIfAborted(WHAT, signal);
      throw error;
    }
  };
  const reader = new BatchReader(images, net.preprocessing, batchSize, { signal, maxPixels });
  let next = reader.read();
  try {
    for (;;) {
      const batch = await settled(next);
      if (batch.inputs.length === 0) return;
      const answers = answersOf(batch, net, choice);
      next = reader.read();
      // Both are awaited in turn: an error of one must not go unheard while the other is awaited.
      for (const each of [answers, next]) each.catch(ignore);
      for (const answer of await settled(answers)) {
        throwIfAborted(WHAT, signal);
        yield answer;
      }
    }
  } finally {
    next.catch(ignore);
    await reader.leave();
  }
}
