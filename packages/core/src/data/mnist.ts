import {
  CnnzooError,
  checkCategories,
  checkOptions,
  copyOf,
  isBytes,
  isUrl,
  numel,
  requireBytesOf,
} from '../util/index.js';
import { PixelsDataset } from './pixels-dataset.js';

export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

export interface IdxArray {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: IdxData;
}

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

/** @param start at least the first bytes of the file. */
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

/** Bytes of the longest header: a rank is one byte. */
const LONGEST_HEADER = 4 + 4 * 255;

/** Inflates no more than a chunk beyond what the idx header says, however much the gzip data would become. */
async function gunzip(bytes: Uint8Array, name: string, fail: (what: string) => never): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  const reader = stream.getReader();
  const damaged = (cause: unknown): never => {
    throw new CnnzooError('FORMAT', `${name}: the gzip data is damaged or cut short. Fetch the file again.`, { cause });
  };
  const chunks: Uint8Array[] = [];
  let length = 0;
  let most = Number.POSITIVE_INFINITY;
  const joined = (): Uint8Array => {
    const all = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  };
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(damaged);
      if (done) return joined();
      chunks.push(value);
      length += value.length;
      if (most === Number.POSITIVE_INFINITY && length >= LONGEST_HEADER) most = readHeader(joined(), fail).fileLength;
      if (length > most) return joined();
    }
  } finally {
    // Of a stream that failed, the failure is known.
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * Reads an idx file (the format of MNIST, described at http://yann.lecun.com/exdb/mnist/), plain or gzipped. Bytes are
 * not copied where they need not be.
 * @param name for messages
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

export interface MnistOptions {
  /** Which files of a directory: the 60,000 training digits or the 10,000 test digits. */
  split: 'train' | 'test';
  /**
   * Mean and standard deviation on the scale 0..1, for nets without a preprocessing of their own. Default: those of the
   * training digits.
   */
  mean?: number;
  std?: number;
  /** The classes' names, by label: '0' to '9' unless given. */
  categories?: readonly string[];
}

/** The bytes of two idx files, gzipped or not. */
export interface MnistFiles {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

const NAMES = {
  train: ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
  test: ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'],
} as const;

/** Mean and standard deviation of all pixels of the 60,000 training digits. */
const MEAN = 0.1307;
const STD = 0.3081;

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** What Fashion-MNIST has other than the digits: its classes, and the mean and deviation of its training images. */
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
  const { openPath, pathIn } = await import('#platform');
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
 * MNIST, or a set in its format, from a directory (a path or file: URL) that holds the four idx files, gzipped or not,
 * or from the bytes of two: images [n, 28, 28, 1].
 *
 * Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017) is `mnist(directory, { split, ...FASHION_MNIST })`.
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
        // Copies: the set is not to change with the caller's bytes.
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
