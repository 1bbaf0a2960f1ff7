import { copyOf, isBytes, isUrl, requireBytesOf } from '../bytes.js';
import { CnnzooError } from '../errors.js';
import { checkCategories, checkOptions } from '../options.js';
import { type IdxArray, readIdx } from './idx.js';
import { PixelsDataset } from './pixels-dataset.js';

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
