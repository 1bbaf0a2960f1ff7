import { CnnzooError } from '../errors.js';
import { naturalOrder } from './natural-order.js';

/** A file of an image folder, by its path in it with slashes, and the class that its folder names. */
export interface LabelledPath {
  readonly path: string;
  readonly label: number;
}

export interface FolderLayout {
  /** The class folders, in natural order. */
  readonly categories: readonly string[];
  readonly train: readonly LabelledPath[];
  /** What stands in a folder for validation, where there is one. */
  readonly validation: readonly LabelledPath[] | null;
}

/** What is taken for an image: formats that can't be decoded are among them, so that they are reported, not overlooked. */
const IMAGE = /\.(jpe?g|png|webp|gif|bmp|tiff?|ppm|pgm|avif|heic)$/i;

/** Folders for validation; `test` only where none of the others is there. */
const VALIDATION = ['val', 'valid', 'validation'];

/** Hidden files and folders: what systems leave behind. */
const isHidden = (path: string): boolean => path.split('/').some((part) => part.startsWith('.'));

const below = (paths: readonly string[], folder: string): string[] =>
  paths.filter((path) => path.startsWith(`${folder}/`));

function validationFolder(folders: ReadonlySet<string>): string | null {
  const found = VALIDATION.filter((name) => folders.has(name));
  if (found.length > 1)
    throw new CnnzooError(
      'INPUT',
      `imageFolder: expected one folder for validation beside train, received ${found.join(' and ')}. Rename one.`,
    );
  return found[0] ?? (folders.has('test') ? 'test' : null);
}

/** The class folder of a path, inside `root` ('' or 'train/'). */
function categoryOf(path: string, root: string): string {
  const [category, ...rest] = path.slice(root.length).split('/');
  if (rest.length === 0)
    throw new CnnzooError(
      'INPUT',
      `imageFolder: expected every image in a folder that names its class, received '${path}' beside them. Move it.`,
    );
  return category!;
}

function labelled(paths: readonly string[], root: string, categories: readonly string[]): LabelledPath[] {
  const labels = new Map(categories.map((category, label) => [category, label]));
  return paths.map((path) => {
    const label = labels.get(categoryOf(path, root));
    if (label === undefined)
      throw new CnnzooError(
        'INPUT',
        `imageFolder: expected in ${root} the classes of train/, received '${path}'. Train on that class, or remove it.`,
      );
    return { path, label };
  });
}

/**
 * Finds classes and parts among the paths of a folder: class folders, or a `train` folder of them with a `val`, `valid`,
 * `validation` or `test` folder beside it. Images may lie deeper in a class folder. Files that are no images, and hidden
 * ones, are left out.
 */
export function folderLayout(paths: readonly string[]): FolderLayout {
  const images = paths.filter((path) => IMAGE.test(path) && !isHidden(path)).sort(naturalOrder);
  const folders = new Set(images.filter((path) => path.includes('/')).map((path) => path.split('/')[0]!));
  const parts = folders.has('train');
  const root = parts ? 'train/' : '';
  const training = parts ? below(images, 'train') : images;
  const categories = [...new Set(training.map((path) => categoryOf(path, root)))].sort(naturalOrder);
  const other = parts ? validationFolder(folders) : null;
  return {
    categories,
    train: labelled(training, root, categories),
    validation: other === null ? null : labelled(below(images, other), `${other}/`, categories),
  };
}
