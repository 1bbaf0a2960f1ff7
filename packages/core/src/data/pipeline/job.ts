import { type DecodedImage, normalised, type Preprocessing, prepare, toGrey } from '../../images/index.js';
import { CnnzooError, type ErrorCode, isBytes, visible, visibleText } from '../../util/index.js';
import { type Augment, type AugmentRecipe, fromRecipe, type PixelImage } from '../augment/index.js';
import { imageRandom } from '../dataset.js';

/** Image file, by its path (in Node) or as the File itself (in a page). It can be sent to another thread. */
export interface ImageFile {
  /** Path of the file, for messages. */
  readonly name: string;
  readonly source: string | Blob;
  /** Pixels (width x height) above which the file is refused, as in `DecodeOptions`. */
  readonly maxPixels?: number | undefined;
}

/** Job that decodes each file and discards the pixels, to find the files that can't be read or decoded. */
export interface CheckJob {
  readonly kind: 'check';
  readonly files: readonly ImageFile[];
}

/** Job that decodes the files. The calling thread augments them by a function of the user's own. */
export interface DecodeJob {
  readonly kind: 'decode';
  readonly files: readonly ImageFile[];
  readonly channels: 1 | 3;
}

/** Job that makes a net's input from each file. */
export interface PrepareJob {
  readonly kind: 'prepare';
  readonly files: readonly ImageFile[];
  /** Index of each file in its data set, which seeds the file's augmentation. */
  readonly indices: Uint32Array;
  readonly preprocessing: Preprocessing;
  readonly augment?: { readonly recipe: AugmentRecipe; readonly epochSeed: number };
}

export type ImageJob = CheckJob | DecodeJob | PrepareJob;

/** Error in a form that can be sent to another thread. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface JobResults {
  /** Failure of each file that can't be decoded, with the file's index in the job. */
  check: { readonly failures: readonly (readonly [file: number, failure: Failure])[] };
  decode: { readonly images: readonly PixelImage<Uint8Array>[] };
  /** float32 [files, height, width, channels], normalised. */
  prepare: { readonly values: Float32Array<ArrayBuffer> };
}
export type JobResult = JobResults[ImageJob['kind']];

/** Decodes a file, on the thread in hand. */
export type DecodeFile = (file: ImageFile) => Promise<DecodedImage>;

/** Describes a thrown value. The message includes `name`. */
function failureOf(error: unknown, name = ''): Failure {
  const message = visibleText(error instanceof Error ? error.message : String(error));
  const shown = visible(name);
  const code = error instanceof CnnzooError ? error.code : 'IMAGE';
  return { code, message: message.includes(shown) ? message : `${shown}: ${message}` };
}

/** Runs `work` on a file. Its errors name the file. */
async function naming<T>({ name }: ImageFile, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code, message } = failureOf(cause, name);
    throw new CnnzooError(code, message, { cause });
  }
}

/** Returns the image with 1 or 3 channels: grey is repeated for RGB, alpha is dropped. */
export function withChannels(image: DecodedImage, channels: 1 | 3): PixelImage<Uint8Array> {
  const { data, width, height, channels: stored } = channels === 1 ? toGrey(image) : image;
  const step = stored === 1 ? 0 : 1;
  const out = new Uint8Array(width * height * channels);
  for (let to = 0, from = 0; to < out.length; to += channels, from += stored)
    for (let c = 0; c < channels; c++) out[to + c] = data[from + c * step]!;
  return { data: out, width, height, channels };
}

/**
 * Augments images that have the net's channels, and makes a net's input from them. An image that the augmentation
 * leaves in the size of the net's crop is not resized; others are resized and cropped as without augmentation.
 */
export async function augmentAll(
  images: Iterable<PixelImage<Uint8Array>> | AsyncIterable<PixelImage<Uint8Array>>,
  { files, indices, preprocessing }: Pick<PrepareJob, 'files' | 'indices' | 'preprocessing'>,
  augment: Augment,
  epochSeed: number,
): Promise<Float32Array<ArrayBuffer>> {
  const { crop, channels } = preprocessing;
  const write = writer(preprocessing, files.length);
  let i = 0;
  for await (const image of images) {
    const file = files[i]!;
    await naming(file, () => {
      const { data, width, height, channels: left } = augment(image, imageRandom(epochSeed, indices[i]!));
      if (!isBytes(data) || left !== channels)
        throw new CnnzooError('INPUT', `expected the augmentation to keep bytes of ${channels} channels.`);
      write(
        i,
        { data, width, height, channels },
        height === crop[0] && width === crop[1] ? null : preprocessing.resize,
      );
    });
    i++;
  }
  return write.values;
}

/** Returns a function that writes images to the values of a batch. */
function writer(preprocessing: Preprocessing, count: number) {
  const { crop, channels } = preprocessing;
  const length = crop[0] * crop[1] * channels;
  const values = new Float32Array(count * length);
  const tables = normalised(preprocessing);
  const write = (i: number, image: DecodedImage, resize: number | null): void =>
    prepare(values, i * length, image, { ...preprocessing, resize }, tables);
  return Object.assign(write, { values });
}

/** Returns true for an error about one file. Other errors would occur for every file. */
const isOfFile = (error: unknown): boolean =>
  error instanceof CnnzooError && (error.code === 'IMAGE' || error.code === 'FILE');

async function check({ files }: CheckJob, decode: DecodeFile): Promise<JobResults['check']> {
  const failures: [number, Failure][] = [];
  for (const [i, file] of files.entries())
    try {
      await decode(file);
    } catch (error) {
      if (!isOfFile(error)) throw error;
      failures.push([i, failureOf(error, file.name)]);
    }
  return { failures };
}

/** Decodes one file after the other, so that few images are in memory at once. */
async function* decoded(files: readonly ImageFile[], channels: 1 | 3, decode: DecodeFile) {
  for (const file of files) yield withChannels(await naming(file, () => decode(file)), channels);
}

async function decodeAll({ files, channels }: DecodeJob, decode: DecodeFile): Promise<JobResults['decode']> {
  const images: PixelImage<Uint8Array>[] = [];
  for await (const image of decoded(files, channels, decode)) images.push(image);
  return { images };
}

async function prepareAll(job: PrepareJob, decode: DecodeFile): Promise<JobResults['prepare']> {
  const { files, preprocessing, augment } = job;
  if (augment) {
    const images = decoded(files, preprocessing.channels, decode);
    return { values: await augmentAll(images, job, fromRecipe(augment.recipe), augment.epochSeed) };
  }
  const write = writer(preprocessing, files.length);
  for (const [i, file] of files.entries())
    await naming(file, async () => write(i, await decode(file), preprocessing.resize));
  return { values: write.values };
}

/** Does a job on the calling thread. */
export function runJob(job: ImageJob, decode: DecodeFile): Promise<JobResult> {
  if (job.kind === 'check') return check(job, decode);
  return job.kind === 'decode' ? decodeAll(job, decode) : prepareAll(job, decode);
}

/** Reply to a job: its result or its failure. */
export type JobReply = { readonly result: JobResult } | { readonly failure: Failure };

/** Returns the memory of a result that is moved to the other thread instead of copied. */
function memoryOf(result: JobResult): ArrayBuffer[] {
  if ('values' in result) return [result.values.buffer];
  return 'images' in result ? result.images.map(({ data }) => data.buffer as ArrayBuffer) : [];
}

/** Does a job in a worker, and posts the reply. */
export async function serve(
  job: ImageJob,
  decode: DecodeFile,
  post: (reply: JobReply, transfer: ArrayBuffer[]) => void,
): Promise<void> {
  try {
    const result = await runJob(job, decode);
    post({ result }, memoryOf(result));
  } catch (error) {
    post({ failure: failureOf(error) }, []);
  }
}
