import { openPath, pathIn } from '#platform';
import { CnnzooError, checkCategories, checkOptions, copyOf, isBytes, isUrl, numel } from '../util/index.js';
import { joinBytes, requireBytesOf } from '../util/late.js';
import { PixelsDataset } from './pixels-dataset.js';

/** Values of an idx file, in the types that the format has. */
export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** Array of an idx file. */
export interface IdxArray {
  readonly shape: readonly number[];
  /** Values in row-major order. */
  readonly data: IdxData;
}

/** Type of an idx file's values: bytes of each, and how they are read. */
interface ElementType {
  readonly bytes: number;
  /** Reads `count` big-endian values. */
  read(view: DataView, count: number): IdxData;
}

const reader = <T extends IdxData>(
  bytes: number,
  make: (n: number) => T,
  get: (v: DataView, at: number) => number,
) => ({
  bytes,
  read(view: DataView, count: number): T {
    const out = make(count);
    for (let i = 0; i < count; i++) out[i] = get(view, i * bytes);
    return out;
  },
});

/** Types of values by their code in the header. */
const TYPES: Readonly<Record<number, ElementType>> = {
  8: { bytes: 1, read: (view, count) => new Uint8Array(view.buffer, view.byteOffset, count) },
  9: { bytes: 1, read: (view, count) => new Int8Array(view.buffer, view.byteOffset, count) },
  11: reader(
    2,
    (n) => new Int16Array(n),
    (v, at) => v.getInt16(at),
  ),
  12: reader(
    4,
    (n) => new Int32Array(n),
    (v, at) => v.getInt32(at),
  ),
  13: reader(
    4,
    (n) => new Float32Array(n),
    (v, at) => v.getFloat32(at),
  ),
  14: reader(
    8,
    (n) => new Float64Array(n),
    (v, at) => v.getFloat64(at),
  ),
};

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

interface Header {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Bytes before the values. */
  readonly length: number;
  /** Bytes of the whole file. */
  readonly fileLength: number;
}

/**
 * Reads the header of an idx file.
 *
 * @param start The file, or at least the bytes of its header.
 */
function readHeader(start: Uint8Array, fail: (what: string) => never): Header {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (start.length < 4 || view.getUint16(0) !== 0)
    fail('expected an idx file, which starts with two zero bytes, an element type and a rank.');
  const type = TYPES[start[2]!] ?? fail(`unknown idx element type 0x${start[2]!.toString(16)}.`);
  const rank = start[3]!;
  const length = 4 + 4 * rank;
  if (rank === 0 || start.length < length) fail(`the header of a rank-${rank} idx file is cut short.`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  return { type, shape, length, fileLength: length + numel(shape) * type.bytes };
}

/** Bytes of the longest header. The rank is one byte. */
const LONGEST_HEADER = 4 + 4 * 255;

/** Inflates gzip data up to the length that the idx header states, and no more than a chunk beyond it. */
async function gunzip(bytes: Uint8Array, name: string, fail: (what: string) => never): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  const reader = stream.getReader();
  const damaged = (cause: unknown): never => {
    throw new CnnzooError('FORMAT', `${name}: the gzip data is damaged or cut short. Fetch the file again.`, { cause });
  };
  const chunks: Uint8Array[] = [];
  let length = 0;
  let most = Number.POSITIVE_INFINITY;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(damaged);
      if (done) return joinBytes(chunks);
      chunks.push(value);
      length += value.length;
      if (most === Number.POSITIVE_INFINITY && length >= LONGEST_HEADER)
        most = readHeader(joinBytes(chunks), fail).fileLength;
      if (length > most) return joinBytes(chunks);
    }
  } finally {
    // The cause of a stream's failure has been thrown already.
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * Reads an idx file, the format of MNIST (http://yann.lecun.com/exdb/mnist/), plain or gzipped. Bytes of a plain file
 * are not copied: `data` is a view of them.
 *
 * @param name Name for messages.
 * @throws CnnzooError FORMAT if the file is damaged or no idx file; INPUT if `bytes` is not bytes.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { readIdx } from '@cnnzoo/core/data';
 *
 * const { shape, data } = await readIdx(await readFile('mnist/t10k-images-idx3-ubyte.gz')); // [10000, 28, 28]
 * ```
 */
export async function readIdx(bytes: Uint8Array, name = 'idx file'): Promise<IdxArray> {
  const fail = (what: string): never => {
    throw new CnnzooError('FORMAT', `${name}: ${what}`);
  };
  const given = requireBytesOf(bytes, name);
  const raw = isGzip(given) ? await gunzip(given, name, fail) : given;
  const { type, shape, length, fileLength } = readHeader(raw, fail);
  if (raw.length < fileLength)
    fail(`[${shape}] needs ${fileLength} bytes, the file has ${raw.length}. It is damaged, or cut short.`);
  if (raw.length > fileLength) fail(`[${shape}] needs ${fileLength} bytes, the file has more. It is damaged.`);
  const count = numel(shape);
  return { shape, data: type.read(new DataView(raw.buffer, raw.byteOffset + length, count * type.bytes), count) };
}

/** Options of `mnist`. */
export interface MnistOptions {
  /** Split of a directory: the 60,000 training images or the 10,000 test images. */
  split: 'train' | 'test';
  /**
   * Mean of the pixels on the scale 0 to 1, for nets without a preprocessing of their own. Default: 0.1307, that of the
   * training digits.
   */
  mean?: number;
  /** Standard deviation of the pixels on the scale 0 to 1. Default: 0.3081, that of the training digits. */
  std?: number;
  /** Names of the classes, by label. Default: '0' to '9'. */
  categories?: readonly string[];
}

/** Bytes of two idx files, gzipped or not. */
export interface MnistFiles {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

/** Names of the files of images and labels, by split. */
const NAMES = {
  train: ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
  test: ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'],
} as const;

/** Mean and standard deviation of all pixels of the 60,000 training digits. */
const MEAN = 0.1307;
const STD = 0.3081;

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/**
 * Options of `mnist` for Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): its classes, and the mean and standard
 * deviation of its training images.
 */
export const FASHION_MNIST = {
  categories: [
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
  ],
  mean: 0.286,
  std: 0.353,
} as const;

async function readFile(directory: string | URL, name: string): Promise<IdxArray> {
  const path = pathIn(directory, name);
  const source = await openPath(path).catch((error) =>
    openPath(pathIn(directory, `${name}.gz`)).catch(() => Promise.reject(error)),
  );
  try {
    return await readIdx(await source.read(0, source.size), source.name);
  } finally {
    await source.close();
  }
}

/**
 * Reads MNIST, or another data set in its format.
 *
 * @param source Directory (path or file: URL) with the four idx files, gzipped or not; or the bytes of two.
 * @returns images [n, 28, 28, 1] with labels 0 to 9.
 * @throws CnnzooError FILE if a file can't be read; FORMAT if it is damaged; INPUT for bad options.
 * @example
 * ```ts
 * import { FASHION_MNIST, mnist } from '@cnnzoo/core/data';
 *
 * const digits = await mnist('mnist/', { split: 'train' });
 * const fashion = await mnist('fashion-mnist/', { split: 'train', ...FASHION_MNIST });
 * ```
 */
export async function mnist(source: string | URL | MnistFiles, options: MnistOptions): Promise<PixelsDataset> {
  checkOptions('mnist', options, ['split', 'mean', 'std', 'categories']);
  const { split, mean = MEAN, std = STD, categories = DIGITS }: Partial<MnistOptions> = options ?? {};
  if (split === undefined || !Object.hasOwn(NAMES, split))
    throw new CnnzooError('INPUT', `mnist: expected split 'train' or 'test', received '${split}'.`);
  checkCategories('mnist', categories);
  if (!(typeof source === 'string' || isUrl(source) || (typeof source === 'object' && source !== null)))
    throw new CnnzooError(
      'INPUT',
      `mnist: expected a path, a file: URL, or bytes as { images, labels }, received ${String(source)}.`,
    );
  const [images, labels] = await (typeof source === 'string' || isUrl(source)
    ? Promise.all([readFile(source, NAMES[split][0]), readFile(source, NAMES[split][1])])
    : Promise.all([
        // Plain files are copied, so that the data set does not change with the caller's bytes.
        readIdx(copyOf(requireBytesOf(source.images, 'mnist: images')), 'images'),
        readIdx(copyOf(requireBytesOf(source.labels, 'mnist: labels')), 'labels'),
      ]));
  if (
    images.shape.length !== 3 ||
    labels.shape.length !== 1 ||
    images.shape[0] !== labels.shape[0] ||
    !(isBytes(images.data) && isBytes(labels.data))
  )
    throw new CnnzooError(
      'FORMAT',
      `mnist: expected bytes, images [n, height, width] and labels [n], ` +
        `received [${images.shape}] and [${labels.shape}].`,
    );
  return new PixelsDataset({
    pixels: images.data,
    shape: [images.shape[1]!, images.shape[2]!, 1],
    labels: labels.data,
    categories,
    mean: [mean],
    std: [std],
  });
}
