import { CnnzooError } from '../errors.js';
import type { Preprocessing } from '../images/prepare.js';
import { warn } from '../warn.js';
import { FilesDataset, JOB_SIZE, type LabelledFile } from './files-dataset.js';
import { folderLayout, type LabelledPath } from './folder-layout.js';
import { throwIfAborted } from './order.js';
import type { Failure } from './pipeline/job.js';
import { WorkerPool } from './pipeline/pool.js';
import { stratifiedSplit } from './split.js';

/** More threads than this wait for the disk, and for the step. */
const MOST_WORKERS = 8;

export interface ImageFolderOptions {
  /** Where no folder is there for validation: the share of every class that is kept for it, drawn by the seed. */
  validation?: number;
  /** Of the split: 0 unless given. */
  seed?: number;
  /** What becomes of files that can't be decoded: left out and reported, or an error that names them. */
  corrupt?: 'skip' | 'throw';
  /** For nets that bring no preprocessing of their own: size, mean and deviation of what they are given. */
  preprocessing?: Preprocessing;
  /** Worker threads that read, decode and augment; 0: the calling thread. One less than the machine has, unless given. */
  workers?: number;
  /** Hears how many files were checked, and of how many. */
  onImages?: (done: number, total: number) => void;
  /** Stops the check of the files. */
  signal?: AbortSignal;
}

/** A file that can't be decoded, and why. */
export interface CorruptFile {
  readonly name: string;
  readonly message: string;
}

export interface ImageFolder {
  readonly train: FilesDataset;
  /** Undefined where there is no folder for it and no share was asked for. */
  readonly validation: FilesDataset | undefined;
  /** The class folders, in natural order ('2' before '10'): labels are indices into this. */
  readonly categories: readonly string[];
  /** What was left out. */
  readonly corrupt: readonly CorruptFile[];
}

/** The files by their paths in the folder. */
async function filesOf(folder: string | Iterable<File>): Promise<Map<string, Omit<LabelledFile, 'label'>>> {
  if (typeof folder === 'string') {
    const { listFiles } = await import('#platform');
    const root = folder.replace(/[\\/]+$/, '');
    const paths = await listFiles(folder);
    return new Map(paths.map((path) => [path, { name: `${root}/${path}`, source: `${root}/${path}` }]));
  }
  return new Map(
    Array.from(folder, (file) => {
      const name = file.webkitRelativePath || file.name;
      // The first part is the folder that was chosen.
      return [name.slice(name.indexOf('/') + 1), { name, source: file }];
    }),
  );
}

/** Decodes every file. */
async function check(
  files: readonly LabelledFile[],
  pool: WorkerPool,
  { onImages, signal }: Pick<ImageFolderOptions, 'onImages' | 'signal'>,
): Promise<Map<LabelledFile, Failure>> {
  const failures = new Map<LabelledFile, Failure>();
  const left = new AbortController();
  let [next, done] = [0, 0];
  const lane = async (): Promise<void> => {
    while (next < files.length) {
      throwIfAborted(signal);
      const start = next;
      next += JOB_SIZE;
      const part = files.slice(start, next).map(({ name, source }) => ({ name, source }));
      const found = await pool.run({ kind: 'check', files: part }, left.signal);
      for (const [i, failure] of found.failures) failures.set(files[start + i]!, failure);
      done += part.length;
      onImages?.(done, files.length);
    }
  };
  try {
    // Two jobs a worker: none waits for the next one's message.
    await Promise.all(Array.from({ length: Math.max(1, 2 * pool.size) }, lane));
  } finally {
    left.abort();
  }
  return failures;
}

function checkOptions({ validation, corrupt, workers }: ImageFolderOptions): void {
  if (validation !== undefined && !(validation > 0 && validation < 1))
    throw new CnnzooError('INPUT', `imageFolder: expected a validation share between 0 and 1, received ${validation}.`);
  if (corrupt !== undefined && corrupt !== 'skip' && corrupt !== 'throw')
    throw new CnnzooError('INPUT', `imageFolder: expected corrupt 'skip' or 'throw', received '${corrupt}'.`);
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 0))
    throw new CnnzooError('INPUT', `imageFolder: expected 0, 1, 2, … workers, received ${workers}.`);
}

/** Says by name what can't be decoded, or throws it. */
function report(corrupt: readonly CorruptFile[], total: number, fatal: boolean): void {
  if (corrupt.length === 0) return;
  const list = corrupt.map(({ message }) => `\n  ${message}`).join('');
  if (fatal)
    throw new CnnzooError(
      'IMAGE',
      `imageFolder: ${corrupt.length} of ${total} images can't be decoded. Repair or remove them, or leave them out by ` +
        `corrupt: 'skip'.${list}`,
    );
  warn(`${corrupt.length} of ${total} images can't be decoded and are left out:${list}`);
}

/**
 * Labelled images of a folder: class folders (`flowers/rose/1.jpg`), or a `train` folder of them with a `val`, `valid`,
 * `validation` or `test` folder beside it. In Node, `folder` is a path; in a page, the files of an
 * `<input type="file" webkitdirectory>`.
 *
 * Every file is decoded once at the start, because nothing else tells whether it can be: so the number of images and
 * steps is known, and no file is lost in silence. JPEG, PNG and WebP are decoded; hidden files and what does not have
 * an image's extension are left out.
 *
 * @throws CnnzooError FILE where there is no such folder; INPUT where it holds no classes; IMAGE, with every name, where
 * files can't be decoded and `corrupt` is 'throw'; ABORTED by the signal.
 */
export async function imageFolder(
  folder: string | Iterable<File>,
  options: ImageFolderOptions = {},
): Promise<ImageFolder> {
  const { validation: share, seed = 0, corrupt: policy = 'skip', preprocessing } = options;
  checkOptions(options);
  const files = await filesOf(folder);
  const layout = folderLayout([...files.keys()]);
  const { categories } = layout;
  if (categories.length === 0)
    throw new CnnzooError(
      'INPUT',
      `imageFolder: expected folders of images that name their classes${typeof folder === 'string' ? ` in '${folder}'` : ''}, ` +
        `received ${files.size} files and no image among them.`,
    );
  const pool = new WorkerPool(options.workers ?? (await defaultWorkers()));
  const open = (paths: readonly LabelledPath[]): LabelledFile[] =>
    paths.map(({ path, label }) => ({ ...files.get(path)!, label }));
  const [all, kept] = [open(layout.train), layout.validation && open(layout.validation)];
  const listed = [...all, ...(kept ?? [])];
  const failures = await check(listed, pool, options);
  const corrupt = listed.flatMap((file) => {
    const failure = failures.get(file);
    return failure ? [{ name: file.name, message: failure.message }] : [];
  });
  report(corrupt, listed.length, policy === 'throw');
  const whole = (part: readonly LabelledFile[]): LabelledFile[] => part.filter((file) => !failures.has(file));
  const dataset = (part: readonly LabelledFile[]): FilesDataset =>
    new FilesDataset({ files: part, categories, pool, ...(preprocessing && { preprocessing }) });
  const [train, drawn] = share === undefined || kept ? [whole(all), null] : stratifiedSplit(whole(all), share, seed);
  const validation = kept ? whole(kept) : drawn;
  return { train: dataset(train), validation: validation ? dataset(validation) : undefined, categories, corrupt };
}

async function defaultWorkers(): Promise<number> {
  const { processors } = await import('#platform');
  return Math.max(1, Math.min(processors() - 1, MOST_WORKERS));
}
