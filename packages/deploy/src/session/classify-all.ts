import { CnnzooError, type ImageInput, type ImageOptions, type Prediction, type Preprocessing } from '@cnnzoo/core';
import { prepareImages } from '@cnnzoo/core/internal';
import type { BatchShape } from './engine.js';

/** Answer for one image of a stream: its predictions, or the error for which it has none. */
export type ImageAnswer<Input> = { readonly input: Input } & (
  | { readonly predictions: readonly Prediction[] }
  | { readonly error: CnnzooError }
);

/** Images of a stream: a list, a generator, or any other (asynchronous) iterable. */
export type ImageStream<Input> = AsyncIterable<Input> | Iterable<Input>;

/** Images that were read together. */
interface Batch<Input> {
  readonly inputs: readonly Input[];
  /** Errors by the places of their images. */
  readonly errors: ReadonlyMap<number, CnnzooError>;
  /** Preprocessed images that have no error, one after the other. */
  readonly values: Float32Array;
}

/** Computes a stream of images batch by batch: while one is computed, the next is read and preprocessed. */
export class StreamClassifier<Input extends ImageInput> {
  private readonly iterator: AsyncIterator<Input> | Iterator<Input>;
  private count = 0;

  constructor(
    images: ImageStream<Input>,
    private readonly preprocessing: Preprocessing,
    private readonly batchSize: number,
    private readonly options: ImageOptions,
    /** Computes the predictions of each image of a batch. */
    private readonly predict: (batch: Float32Array, shape: BatchShape) => Promise<readonly Prediction[][]>,
  ) {
    this.iterator =
      Symbol.asyncIterator in images ? images[Symbol.asyncIterator]() : (images as Iterable<Input>)[Symbol.iterator]();
  }

  async *answers(): AsyncGenerator<ImageAnswer<Input>, void, undefined> {
    let next = this.read();
    try {
      for (;;) {
        const batch = await next;
        if (batch.inputs.length === 0) return;
        const predictions = this.compute(batch);
        next = this.read();
        // Both are awaited in turn: an error of one must not go unheard while the other is awaited.
        for (const each of [predictions, next]) each.catch(() => undefined);
        const found = await predictions;
        let row = 0;
        for (const [i, input] of batch.inputs.entries()) {
          const error = batch.errors.get(i);
          yield error ? { input, error } : { input, predictions: found[row++]! };
        }
      }
    } finally {
      // The source ends too: a file that it reads is closed.
      await next.catch(() => undefined);
      await this.iterator.return?.();
    }
  }

  /** Reads and preprocesses the next images; none at the end of the stream. */
  private async read(): Promise<Batch<Input>> {
    const [rows, columns] = this.preprocessing.crop;
    const size = rows * columns * this.preprocessing.channels;
    const values = new Float32Array(this.batchSize * size);
    const inputs: Input[] = [];
    const errors = new Map<number, CnnzooError>();
    let filled = 0;
    while (inputs.length < this.batchSize) {
      const { done, value } = await this.iterator.next();
      if (done) break;
      inputs.push(value);
      try {
        const options = { what: 'The classification', first: this.count++, ...this.options };
        values.set((await prepareImages([value], this.preprocessing, options)).values, filled);
        filled += size;
      } catch (error) {
        if (!(error instanceof CnnzooError) || error.code === 'ABORTED') throw error;
        errors.set(inputs.length - 1, error);
      }
    }
    return { inputs, errors, values: values.subarray(0, filled) };
  }

  private async compute({ inputs, errors, values }: Batch<Input>): Promise<readonly Prediction[][]> {
    const count = inputs.length - errors.size;
    const { crop, channels } = this.preprocessing;
    return count === 0 ? [] : this.predict(values, [count, crop[0], crop[1], channels]);
  }
}
