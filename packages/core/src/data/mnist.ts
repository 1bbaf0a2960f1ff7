import { CnnzooError } from '../errors.js';
import { type IdxArray, readIdx } from './idx.js';
import { PixelsDataset } from './pixels-dataset.js';

export interface MnistOptions {
  split: 'train' | 'test';
  /** Mean and standard deviation of the training digits, on the scale 0..1, unless given. */
  mean?: number;
  std?: number;
}

const FILES = {
  train: ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
  test: ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'],
} as const;

/** Mean and standard deviation of all pixels of the 60,000 training digits. */
const MEAN = 0.1307;
const STD = 0.3081;

async function readFile(directory: string, name: string): Promise<IdxArray> {
  const { openPath } = await import('#platform');
  const open = async () => {
    try {
      return await openPath(`${directory}/${name}`);
    } catch (error) {
      return openPath(`${directory}/${name}.gz`).catch(() => Promise.reject(error));
    }
  };
  const source = await open();
  try {
    return await readIdx(await source.read(0, source.size), source.name);
  } finally {
    await source.close();
  }
}

/**
 * MNIST, or a set in its format (Fashion-MNIST), from a directory (or URL of one) with the four idx files, gzipped or
 * not: images [n, 28, 28, 1].
 */
export async function mnist(
  directory: string,
  { split, mean = MEAN, std = STD }: MnistOptions,
): Promise<PixelsDataset> {
  if (!(split in FILES))
    throw new CnnzooError('INPUT', `mnist: expected split 'train' or 'test', received '${split}'.`);
  const [images, labels] = await Promise.all(FILES[split].map((name) => readFile(directory, name)));
  if (images!.shape.length !== 3 || labels!.shape.length !== 1 || images!.shape[0] !== labels!.shape[0])
    throw new CnnzooError(
      'FORMAT',
      `${directory}: expected images [n, height, width] and labels [n], ` +
        `received [${images!.shape}] and [${labels!.shape}].`,
    );
  return new PixelsDataset({
    pixels: images!.data,
    shape: [images!.shape[1]!, images!.shape[2]!, 1],
    labels: labels!.data,
    categories: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    mean: [mean],
    std: [std],
  });
}
