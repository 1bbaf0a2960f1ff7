import { pathIn, readFile } from '#platform';
import { CnnzooError, checkOptions, isUrl, shownValue } from '../util/index.js';
import { requireBytesOf } from '../util/late.js';
import { CIFAR10 } from './cifar10.js';
import { PixelsDataset } from './pixels-dataset.js';

const SIDE = 32;
const PLANE = SIDE * SIDE;

/**
 * Facts that differ between CIFAR-10 and CIFAR-100 (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny
 * Images", 2009).
 */
interface Layout {
  readonly files: Readonly<Record<'train' | 'test', readonly string[]>>;
  /** Bytes before an image's pixels. The last of them is its label. */
  readonly labels: number;
  readonly categories: readonly string[];
  /** Mean of each channel of the training images, on the scale 0 to 1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const cifar10Layout: Layout = {
  files: {
    train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
    test: ['test_batch.bin'],
  },
  labels: 1,
  ...CIFAR10,
};

const cifar100Layout: Layout = {
  files: { train: ['train.bin'], test: ['test.bin'] },
  // The label of the superclass, then that of the class.
  labels: 2,
  categories: (
    'apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle ' +
    'caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant ' +
    'flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man ' +
    'maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree ' +
    'plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper ' +
    'snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train ' +
    'trout tulip turtle wardrobe whale willow_tree wolf woman worm'
  ).split(' '),
  mean: [0.5071, 0.4865, 0.4409],
  std: [0.2673, 0.2564, 0.2762],
};

/** Options of `cifar10` and `cifar100`. */
export interface CifarOptions {
  /** Split of a directory: the 50,000 training images or the 10,000 test images. */
  split: 'train' | 'test';
}

async function cifar(
  name: string,
  layout: Layout,
  source: string | URL | readonly Uint8Array[],
  options: CifarOptions,
): Promise<PixelsDataset> {
  checkOptions(name, options, ['split']);
  const { split }: Partial<CifarOptions> = options ?? {};
  const names = split !== undefined && Object.hasOwn(layout.files, split) ? layout.files[split] : undefined;
  if (!names) throw new CnnzooError('INPUT', `${name}: expected split 'train' or 'test', received '${split}'.`);
  const directory = typeof source === 'string' || isUrl(source) ? source : undefined;
  if (
    directory === undefined &&
    typeof (source as { [Symbol.iterator]?: unknown } | null)?.[Symbol.iterator] !== 'function'
  )
    throw new CnnzooError(
      'INPUT',
      `${name}: expected a path, a file: URL, or a list of files' bytes, received ${shownValue(source)}.`,
    );
  const files =
    directory === undefined
      ? [...(source as readonly Uint8Array[])].map((file, i) => requireBytesOf(file, `${name}: file ${i}`))
      : await Promise.all(names.map((file) => readFile(pathIn(directory, file))));
  const record = layout.labels + 3 * PLANE;
  for (const [i, { length }] of files.entries())
    if (length === 0 || length % record !== 0)
      throw new CnnzooError(
        'FORMAT',
        `${name}: expected records of ${record} bytes, as the binary version has them; ` +
          `${directory === undefined ? `file ${i}` : `'${names[i]}'`} has ${length} bytes. It is damaged or cut short.`,
      );
  const count = files.reduce((sum, { length }) => sum + length / record, 0);
  const pixels = new Uint8Array(count * 3 * PLANE);
  const labels = new Uint8Array(count);
  let image = 0;
  for (const file of files)
    for (let at = 0; at < file.length; at += record, image++) {
      labels[image] = file[at + layout.labels - 1]!;
      interleave(file.subarray(at + layout.labels, at + record), pixels, image * 3 * PLANE);
    }
  const { categories, mean, std } = layout;
  return new PixelsDataset({ pixels, shape: [SIDE, SIDE, 3], labels, categories, mean, std });
}

/** Interleaves the planes of R, G and B into RGB pixels. */
function interleave(planes: Uint8Array, out: Uint8Array, at: number): void {
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < PLANE; i++) out[at + i * 3 + channel] = planes[channel * PLANE + i]!;
}

/**
 * Reads CIFAR-10 in its binary version. Nets without a preprocessing of their own get the images normalised by
 * `CIFAR10.mean` and `CIFAR10.std`.
 *
 * @param source Directory (path or file: URL) with data_batch_1.bin to data_batch_5.bin and test_batch.bin; or the
 * bytes of such files.
 * @returns images [n, 32, 32, 3] of ten classes.
 * @throws CnnzooError FILE if a file can't be read; FORMAT if it is damaged; INPUT for bad options.
 * @example
 * ```ts
 * import { cifar10 } from '@cnnzoo/core/data';
 *
 * const train = await cifar10('cifar-10-batches-bin/', { split: 'train' });
 * ```
 */
export const cifar10 = (source: string | URL | readonly Uint8Array[], options: CifarOptions): Promise<PixelsDataset> =>
  cifar('cifar10', cifar10Layout, source, options);

/**
 * Reads CIFAR-100 in its binary version, with the hundred fine classes. Nets without a preprocessing of their own get
 * the images normalised by mean and standard deviation of the training images.
 *
 * @param source Directory (path or file: URL) with train.bin and test.bin; or the bytes of such files.
 * @returns images [n, 32, 32, 3] of a hundred classes.
 * @throws CnnzooError FILE if a file can't be read; FORMAT if it is damaged; INPUT for bad options.
 * @example
 * ```ts
 * import { cifar100 } from '@cnnzoo/core/data';
 *
 * const test = await cifar100('cifar-100-binary/', { split: 'test' });
 * ```
 */
export const cifar100 = (source: string | URL | readonly Uint8Array[], options: CifarOptions): Promise<PixelsDataset> =>
  cifar('cifar100', cifar100Layout, source, options);
