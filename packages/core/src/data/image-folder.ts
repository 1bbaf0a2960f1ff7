import type { Preprocessing } from '../images/index.js';
import { CnnzooError, checkOptions, visible, warn } from '../util/index.js';
import { stopReading, stratifiedSplit } from './dataset.js';
import { FilesDataset, JOB_SIZE, type LabelledFile } from './files-dataset.js';
import { type FolderFiles, folderFiles } from './folder-files.js';
import { type FolderLayout, folderLayout, type LabelledPath } from './folder-layout.js';
import type { Failure } from './pipeline/job.js';
import { WorkerPool } from './pipeline/pool.js';

/** More threads than this wait for the disk, and for the step. */
const MOST_WORKERS = 8;

export interface ImageFolderOptions {
  /** Where no folder is there for validation: the share of every class that is kept for it, drawn by the seed. */
  validation?: number;
  /** Of the split: 0 unless given. */
  seed?: number;
  /** Treatment of files that can't be read or decoded: left out and reported, or an error that names them. */
  corrupt?: 'skip' | 'throw';
  /** For nets that bring no preprocessing of their own: size, mean and deviation of what they are given. */
  preprocessing?: Preprocessing;
  /** Worker threads that read, decode and augment; 0: the calling thread. One less than the machine has, unless given. */
  workers?: number;
  /** Pixels (width x height) above which a file counts as one that can't be decoded. Default: 178,956,970, Pillow's. */
  maxPixels?: number;
  /** Hears how many files were checked, and of how many. */
  onImages?: (done: number, total: number) => void;
  /** Stops the check of the files. */
  signal?: AbortSignal;
}

/** A file or folder that can't be read or decoded, and why. */
export interface CorruptFile {
  readonly name: string;
  readonly message: string;
}

export interface ImageFolder {
  readonly train: FilesDataset;
  /** Undefined where there is no folder for it and no share was asked for. */
  readonly validation: FilesDataset | undefined;
  /**
   * The class folders in torchvision's order, by code points ('10' before '2', 'Z' before 'a'): labels are indices into
   * this. Accents are spelt in one way (Unicode's NFC), whichever the file system has.
   */
  readonly categories: readonly string[];
  /** What was left out. */
  readonly corrupt: readonly CorruptFile[];
}

/** Decodes every file. */
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
      stopReading(signal);
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
    // Two jobs a worker: none waits for the next one's message.
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

/** Says by name what can't be read or decoded, or throws it. */
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

/** Says which images are in neither part, by their folders. */
function reportUnused(unused: readonly string[]): void {
  if (unused.length === 0) return;
  const places = [...new Set(unused.map((path) => (path.includes('/') ? `${path.split('/')[0]!}/` : path)))];
  warn(`left out of the image folder: ${unused.length} images in neither part, in ${names(places)}.`);
}

/** Says that folders for training and validation lie one folder deeper. */
function reportPacked(folder: string | undefined): void {
  if (folder === undefined) return;
  warn(
    `the image folder has one class, ${names([folder])}, and in it folders for training and validation. If those are ` +
      'the ones that you mean, pass that folder.',
  );
}

/** Says which classes have no image to be trained on. */
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
 * Labelled images of a folder: class folders (`flowers/rose/1.jpg`), or a folder of them for training with one for
 * validation beside it: `train` with `val`, `valid`, `validation` or `test`, `Training` with `Testing`, `seg_train` with
 * `seg_test`, in any case. In Node, `folder` is a path or file: URL; in a page, the files of an
 * `<input type="file" webkitdirectory>`.
 *
 * Every file is decoded once at the start, because nothing else tells whether it can be: so the number of images and
 * steps is known. What can't be read or decoded, images beside the two parts and classes without images are named in a
 * warning. JPEG, PNG and WebP are decoded; hidden files, and those whose ending is not an image's, are left out. A file
 * without an ending is an image by its first bytes.
 *
 * @throws CnnzooError FILE where there is no such folder; INPUT where it holds no classes; IMAGE, with every name, where
 * files can't be read or decoded and `corrupt` is 'throw'; ABORTED by the signal.
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
  const { processors } = await import('#platform');
  return Math.max(1, Math.min(processors() - 1, MOST_WORKERS));
}
