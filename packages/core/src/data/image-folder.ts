import { processors } from '#platform';
import type { Preprocessing } from '../images/index.js';
import { CnnzooError, checkOptions, visible, warn } from '../util/index.js';
import { stratifiedSplit, throwIfReadingStopped } from './dataset.js';
import { FilesDataset, JOB_SIZE, type LabelledFile } from './files-dataset.js';
import { type FolderFiles, folderFiles } from './folder-files.js';
import { type FolderLayout, folderLayout, type LabelledPath } from './folder-layout.js';
import type { Failure } from './pipeline/job.js';
import { WorkerPool } from './pipeline/pool.js';

/** Most worker threads by default. More of them would wait for the disk and for the training step. */
const MOST_WORKERS = 8;

/** Options of `imageFolder`. */
export interface ImageFolderOptions {
  /**
   * Fraction of each class held out for validation if the folder has no validation split, above 0 and below 1. Default:
   * none is held out.
   */
  validation?: number;
  /** Seed of the split by `validation`. Default: 0. */
  seed?: number;
  /**
   * Treatment of files that can't be read or decoded: 'skip' leaves them out with a warning, 'throw' throws an error
   * that names all of them. Default: 'skip'.
   */
  corrupt?: 'skip' | 'throw';
  /**
   * Preprocessing for nets that have none of their own: a bare LayersModel. Default: none, so that only a `Classifier`
   * can take the images.
   */
  preprocessing?: Preprocessing;
  /**
   * Number of worker threads that read, decode and augment. 0: the calling thread does it. Default: one less than the
   * machine has, at least 1 and at most 8.
   */
  workers?: number;
  /**
   * Pixels (width x height) above which a file counts as one that can't be decoded. Default: 178,956,970 (Pillow's).
   */
  maxPixels?: number;
  /** Called with the number of files checked and the total. */
  onImages?: (done: number, total: number) => void;
  /** Stops the check of the files. */
  signal?: AbortSignal | undefined;
}

/** File or folder that can't be read or decoded, and why. */
export interface CorruptFile {
  readonly name: string;
  readonly message: string;
}

/** Data sets and classes of a folder of images. */
export interface ImageFolder {
  readonly train: FilesDataset;
  /** undefined if the folder has no validation split and none was held out. */
  readonly validation: FilesDataset | undefined;
  /**
   * Names of the class folders, by label. The order is torchvision's, by code points: '10' before '2', 'Z' before 'a'.
   * Accents have one spelling (Unicode's NFC) on every file system.
   */
  readonly categories: readonly string[];
  /** Files and folders that were left out. */
  readonly corrupt: readonly CorruptFile[];
}

/** Decodes every file, and returns those that fail. */
async function decodeAll(
  files: readonly LabelledFile[],
  pool: WorkerPool,
  { onImages, signal }: Pick<ImageFolderOptions, 'onImages' | 'signal'>,
): Promise<Map<LabelledFile, Failure>> {
  const failures = new Map<LabelledFile, Failure>();
  const left = new AbortController();
  let [next, done] = [0, 0];
  const lane = async (): Promise<void> => {
    while (next < files.length) {
      throwIfReadingStopped(signal);
      const start = next;
      next += JOB_SIZE;
      const part = files.slice(start, next).map(({ name, source, maxPixels }) => ({ name, source, maxPixels }));
      const found = await pool.run({ kind: 'check', files: part }, left.signal);
      for (const [i, failure] of found.failures) failures.set(files[start + i]!, failure);
      done += part.length;
      onImages?.(done, files.length);
    }
  };
  try {
    // Two jobs per worker, so that no worker waits for the message of its next job.
    const lanes = Math.min(Math.max(1, 2 * pool.size), Math.ceil(files.length / JOB_SIZE));
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    left.abort();
  }
  return failures;
}

const OPTIONS = ['validation', 'seed', 'corrupt', 'preprocessing', 'maxPixels', 'workers', 'onImages', 'signal'];

function check(options: ImageFolderOptions): void {
  checkOptions('imageFolder', options, OPTIONS);
  const { validation, corrupt, workers, seed, maxPixels } = options;
  if (validation !== undefined && !(validation > 0 && validation < 1))
    throw new CnnzooError('INPUT', `imageFolder: expected a validation share between 0 and 1, received ${validation}.`);
  if (corrupt !== undefined && corrupt !== 'skip' && corrupt !== 'throw')
    throw new CnnzooError('INPUT', `imageFolder: expected corrupt 'skip' or 'throw', received '${corrupt}'.`);
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 0))
    throw new CnnzooError('INPUT', `imageFolder: expected 0, 1, 2, … workers, received ${workers}.`);
  if (seed !== undefined && !Number.isFinite(seed))
    throw new CnnzooError('INPUT', `imageFolder: expected a finite seed, received ${String(seed)}.`);
  if (maxPixels !== undefined && !(typeof maxPixels === 'number' && maxPixels > 0))
    throw new CnnzooError(
      'INPUT',
      `imageFolder: expected maxPixels above 0 (Infinity: no limit), received ${String(maxPixels)}.`,
    );
}

const listed = (items: readonly CorruptFile[]): string => items.map(({ message }) => `\n  ${message}`).join('');

/** Warns of files that can't be read or decoded, by name. Throws instead if `fatal`. */
function report(unreadable: readonly CorruptFile[], corrupt: readonly CorruptFile[], total: number, fatal: boolean) {
  const faults = [
    { what: `${unreadable.length} files or folders can't be read`, items: unreadable },
    { what: `${corrupt.length} of ${total} images can't be decoded`, items: corrupt },
  ].filter(({ items }) => items.length > 0);
  if (fatal && faults.length > 0)
    throw new CnnzooError(
      'IMAGE',
      `imageFolder: ${faults.map(({ what }) => what).join(', ')}. Repair or remove them, or leave them out by ` +
        `corrupt: 'skip'.${faults.map(({ items }) => listed(items)).join('')}`,
    );
  for (const { what, items } of faults) warn(`${what} and are left out:${listed(items)}`);
}

const names = (list: readonly string[]): string => list.map((name) => `'${visible(name)}'`).join(', ');

/** Warns of images that are in neither split, by their folders. */
function reportUnused(unused: readonly string[]): void {
  if (unused.length === 0) return;
  const places = [...new Set(unused.map((path) => (path.includes('/') ? `${path.split('/')[0]!}/` : path)))];
  warn(`left out of the image folder: ${unused.length} images in neither part, in ${names(places)}.`);
}

/** Warns if the folders for training and validation lie one level deeper. */
function reportPacked(folder: string | undefined): void {
  if (folder === undefined) return;
  warn(
    `the image folder has one class, ${names([folder])}, and in it folders for training and validation. If those are ` +
      'the ones that you mean, pass that folder.',
  );
}

/** Warns of classes without an image to train on. */
function reportEmpty(categories: readonly string[], files: readonly LabelledFile[]): void {
  const labels = new Set(files.map(({ label }) => label));
  const empty = categories.filter((_, label) => !labels.has(label));
  if (empty.length > 0) warn(`the image folder has no image to train on of ${names(empty)}: their labels are kept.`);
}

const NO_CLASSES = 'imageFolder: expected folders of images that name their classes';

function layoutOf({ images, folders, unreadable }: FolderFiles, where: string): FolderLayout {
  const layout = folderLayout([...images.keys()], folders);
  if (layout.train.length > 0) return layout;
  const hidden = unreadable.length > 0 ? ` These can't be read:${listed(unreadable)}` : '';
  throw new CnnzooError('INPUT', `${NO_CLASSES}${where}, received no image in such a folder.${hidden}`);
}

/**
 * Reads a folder of labelled images, as torchvision's ImageFolder. The folder holds one folder per class
 * (`flowers/rose/1.jpg`), or such folders for training and for validation: `train` with `val`, `valid`, `validation` or
 * `test`, `Training` with `Testing`, `seg_train` with `seg_test`, in upper or lower case.
 *
 * Every file is decoded once at the start, so that the number of images and steps is known. Warnings name the files
 * that can't be read or decoded, the images in neither split, and the classes without images. JPEG, PNG and WebP are
 * decoded. Hidden files are left out, and so are files with the extension of another kind of file. A file without an
 * extension counts as an image if its first bytes are those of one.
 *
 * @param folder Path or file: URL (in Node); the files of an `<input type="file" webkitdirectory>` (in a page).
 * @throws CnnzooError FILE if there is no such folder; INPUT if it holds no classes, or for bad options; IMAGE, with
 * all names, if files can't be read or decoded and `corrupt` is 'throw'; ABORTED by the signal.
 * @example
 * ```ts
 * import { imageFolder } from '@cnnzoo/core/data';
 * import { fit, sgd } from '@cnnzoo/core/train';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * const { train, validation, categories } = await imageFolder('flowers/', { validation: 0.2 });
 * const net = await resnet18.pretrained({ categories });
 * await fit(net, train, { validation, epochs: 5, batchSize: 32, optimizer: sgd({ lr: 0.01 }) });
 * ```
 */
export async function imageFolder(
  folder: string | URL | Iterable<File>,
  options: ImageFolderOptions = {},
): Promise<ImageFolder> {
  const { validation: share, seed = 0, corrupt: policy = 'skip', preprocessing } = options;
  check(options);
  const found = await folderFiles(folder);
  const layout = layoutOf(found, typeof folder === 'string' ? ` in '${visible(folder)}'` : '');
  const { categories } = layout;
  const pool = new WorkerPool(options.workers ?? (await defaultWorkers()));
  const open = (paths: readonly LabelledPath[]): LabelledFile[] =>
    paths.map(({ path, label }) => ({ ...found.images.get(path)!, label, maxPixels: options.maxPixels }));
  const [all, kept] = [open(layout.train), layout.validation && open(layout.validation)];
  const checked = [...all, ...(kept ?? [])];
  const failures = await decodeAll(checked, pool, options);
  const corrupt = checked.flatMap((file) => {
    const failure = failures.get(file);
    return failure ? [{ name: file.name, message: failure.message }] : [];
  });
  report(found.unreadable, corrupt, checked.length, policy === 'throw');
  reportUnused(layout.unused);
  reportPacked(layout.packed);
  const whole = (part: readonly LabelledFile[]): LabelledFile[] => part.filter((file) => !failures.has(file));
  const dataset = (part: readonly LabelledFile[]): FilesDataset =>
    new FilesDataset({ files: part, categories, pool, ...(preprocessing && { preprocessing }) });
  const [train, drawn] = share === undefined || kept ? [whole(all), null] : stratifiedSplit(whole(all), share, seed);
  const validation = kept ? whole(kept) : drawn;
  reportEmpty(categories, train);
  return {
    train: dataset(train),
    validation: validation ? dataset(validation) : undefined,
    categories,
    corrupt: [...found.unreadable, ...corrupt],
  };
}

async function defaultWorkers(): Promise<number> {
  return Math.max(1, Math.min(processors() - 1, MOST_WORKERS));
}
