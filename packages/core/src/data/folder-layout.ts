import { CnnzooError, visible } from '../util/index.js';

/** Rank of a UTF-16 unit. A half of a surrogate pair belongs to a code point above all that are one unit. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** Compares by code points, as Python's `sorted()` and so torchvision: '10' before '2', 'Z' before 'a'. */
export function codePointOrder(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Returns the folders that contain a path: 'a' and 'a/b' for 'a/b/1.png'. */
export const foldersAbove = (path: string): string[] =>
  [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));

/** Splits of a folder of images, each as the beginning of its paths: `train/`, `seg_train/seg_train/`. */
export interface FolderParts {
  readonly train: string;
  /** null if there is no folder for validation. */
  readonly validation: string | null;
}

type Role = 'train' | 'validation' | 'test';

/** Name of a folder that tells its role, alone or with other words that its partner shares: `seg_train`. */
const WORD = /^(?:(.*?)[\s_-]+)?(?:(train(?:ing)?)|(val(?:id(?:ation)?)?)|(test(?:ing)?))(?:[\s_-]+(.*))?$/i;

/** Folder whose name tells its role. */
interface Named {
  readonly name: string;
  readonly role: Role;
  /** Other words in the name, in lower case. Partners have the same. */
  readonly others: string;
}

function named(name: string): Named[] {
  const match = WORD.exec(name);
  if (!match) return [];
  const [, before = '', train, validation, , after = ''] = match;
  const role = train ? 'train' : validation ? 'validation' : 'test';
  return [{ name, role, others: `${before} ${after}`.toLowerCase() }];
}

const list = (names: readonly { readonly name: string }[]): string =>
  names.map(({ name }) => visible(name)).join(' and ');

/**
 * Returns the split to validate on. A folder for tests is taken only if there is none for validation. null if no
 * partner holds images.
 */
function validationOf(partners: readonly Named[], paths: Paths): string | null {
  const holding = partners.filter(({ name }) => paths.images.some((path) => path.startsWith(`${name}/`)));
  const preferred = holding.filter(({ role }) => role === 'validation');
  const found = preferred.length > 0 ? preferred : holding;
  if (found.length > 1)
    throw new CnnzooError(
      'INPUT',
      `imageFolder: expected one folder for validation beside train, received ${list(found)}. Rename one.`,
    );
  return found[0] ? unpacked(found[0].name, paths) : null;
}

/** Returns the folders directly inside a folder, and a flag for images directly inside it. */
function contentsOf(root: string, paths: Paths): { readonly folders: readonly string[]; readonly hasImages: boolean } {
  const inside = (path: string): string[] => (path.startsWith(root) ? path.slice(root.length).split('/') : []);
  const folders = new Set(paths.folders.flatMap((path) => inside(path).slice(0, 1)));
  return { folders: [...folders], hasImages: paths.images.some((path) => inside(path).length === 1) };
}

/** Paths of all images and folders below a folder, with slashes. */
export interface Paths {
  readonly images: readonly string[];
  readonly folders: readonly string[];
}

/**
 * Returns the beginning of a split's paths. Some archives pack a split into a second folder of the same name, which is
 * then included.
 */
function unpacked(name: string, paths: Paths): string {
  const root = `${name}/`;
  const { folders, hasImages } = contentsOf(root, paths);
  const [only] = folders;
  if (hasImages || folders.length !== 1 || only!.toLowerCase() !== name.toLowerCase()) return root;
  return contentsOf(`${root}${only}/`, paths).hasImages ? root : `${root}${only}/`;
}

/**
 * Finds the folders for training and validation. undefined if the folders are classes.
 *
 * A folder is for training if its name says so (`train`, `Training`, `seg_train`, `training_set`) and a partner lies
 * beside it (`val`, `valid`, `validation`, `test`, `testing`, with the same other words). Without a partner, it must be
 * the only folder and hold only folders.
 */
function folderParts(paths: Paths): FolderParts | undefined {
  const top = contentsOf('', paths);
  const roles = top.folders.flatMap(named);
  const partnersOf = ({ others }: Named): Named[] =>
    roles.filter((other) => other.role !== 'train' && other.others === others);
  const training = roles.filter(({ role }) => role === 'train');
  const paired = training.filter((folder) => partnersOf(folder).length > 0);
  if (paired.length > 1)
    throw new CnnzooError(
      'INPUT',
      `imageFolder: expected one folder for training, received ${list(paired)}. Pass a folder with one, or rename the other.`,
    );
  const [train] = paired;
  if (train) return { train: unpacked(train.name, paths), validation: validationOf(partnersOf(train), paths) };
  const [alone] = training;
  if (!alone || top.hasImages || top.folders.length > 1) return undefined;
  const root = unpacked(alone.name, paths);
  return contentsOf(root, paths).hasImages ? undefined : { train: root, validation: null };
}

/** File of an image folder, by its path in the folder, with the label of its class. */
export interface LabelledPath {
  readonly path: string;
  readonly label: number;
}

/** Classes and splits of a folder of images. */
export interface FolderLayout {
  /** Names of all class folders, sorted by code points. Folders without images are included. */
  readonly categories: readonly string[];
  readonly train: readonly LabelledPath[];
  /** null if there is no folder for validation. */
  readonly validation: readonly LabelledPath[] | null;
  /** Paths of images beside the folders for training and validation. */
  readonly unused: readonly string[];
  /** Name of the only class, if it holds folders for training and validation. undefined otherwise. */
  readonly packed: string | undefined;
}

/** Returns the name of a class, with one spelling of accents for every file system. */
const nameOf = (folder: string): string => folder.normalize('NFC');

/** Returns the class of a path inside `root` ('' or 'train/'). */
function categoryOf(path: string, root: string): string {
  const [category, ...rest] = path.slice(root.length).split('/');
  if (rest.length === 0)
    throw new CnnzooError(
      'INPUT',
      `imageFolder: expected every image in a folder that names its class, received '${visible(path)}' beside them. ` +
        'Move it.',
    );
  return nameOf(category!);
}

const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** Compares in torchvision's order: by class, then by folder, then by file. */
const inOrder = (a: LabelledPath, b: LabelledPath): number =>
  a.label - b.label || codePointOrder(directoryOf(a.path), directoryOf(b.path)) || codePointOrder(a.path, b.path);

function labelled(paths: readonly string[], root: string, categories: readonly string[]): LabelledPath[] {
  const labels = new Map(categories.map((category, label) => [category, label]));
  return paths
    .map((path) => {
      const label = labels.get(categoryOf(path, root));
      if (label === undefined)
        throw new CnnzooError(
          'INPUT',
          `imageFolder: expected in ${visible(root)} the classes of the folder for training, received ` +
            `'${visible(path)}'. Train on that class, or remove it.`,
        );
      return { path, label };
    })
    .sort(inOrder);
}

/** Returns the paths inside a folder, as they are. */
const below = (paths: readonly string[], root: string): string[] => paths.filter((path) => path.startsWith(root));

/** Returns the paths inside a folder, relative to it. */
const inside = (paths: readonly string[], root: string): string[] =>
  below(paths, root).map((path) => path.slice(root.length));

/**
 * Finds classes and splits among the paths of a folder. The folder holds class folders, or such folders for training
 * and for validation or tests, as `folderParts` finds them. Images may lie deeper in a class folder.
 *
 * @param folders All folders, or at least those without images.
 */
export function folderLayout(images: readonly string[], folders: readonly string[] = []): FolderLayout {
  const paths: Paths = { images, folders: [...new Set([...images.flatMap(foldersAbove), ...folders])] };
  const parts = folderParts(paths);
  const { train = '', validation = null } = parts ?? {};
  const names = below(paths.folders, train).map((path) => nameOf(path.slice(train.length).split('/')[0]!));
  const categories = [...new Set(names)].sort(codePointOrder);
  const only = `${paths.folders[0]?.split('/')[0]}/`;
  const hasPartsInside = (): boolean =>
    Boolean(folderParts({ images: inside(images, only), folders: inside(paths.folders, only) })?.validation);
  return {
    packed: !parts && categories.length === 1 && hasPartsInside() ? categories[0] : undefined,
    categories,
    train: labelled(below(images, train), train, categories),
    validation: validation === null ? null : labelled(below(images, validation), validation, categories),
    unused: images.filter((path) => !path.startsWith(train) && !(validation !== null && path.startsWith(validation))),
  };
}
