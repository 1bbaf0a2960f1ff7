import { CnnzooError, visible } from '../util/index.js';

/** Halves of surrogate pairs stand for code points above all that are one unit. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** Compares by code points, as Python's `sorted()` does and so torchvision: '10' before '2', 'Z' before 'a'. */
export function codePointOrder(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The folders that a path lies in: 'a' and 'a/b' of 'a/b/1.png'. */
export const foldersAbove = (path: string): string[] =>
  [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));

/** Folders of images by what they are for, each as the beginning of its paths: `train/`, `seg_train/seg_train/`. */
export interface FolderParts {
  readonly train: string;
  /** null: none. */
  readonly validation: string | null;
}

type Role = 'train' | 'validation' | 'test';

/** The word that says what a folder is for, by itself or with others that its partner has as well: `seg_train`. */
const WORD = /^(?:(.*?)[\s_-]+)?(?:(train(?:ing)?)|(val(?:id(?:ation)?)?)|(test(?:ing)?))(?:[\s_-]+(.*))?$/i;

interface Named {
  readonly name: string;
  readonly role: Role;
  /** The other words: equal for partners. */
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
 * The partner that is validated on, if any holds images; a folder for tests only where there is none for validation.
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

/** Direct contents of a folder: its folders by name, and a flag for images. */
function contentsOf(root: string, paths: Paths): { readonly folders: readonly string[]; readonly hasImages: boolean } {
  const inside = (path: string): string[] => (path.startsWith(root) ? path.slice(root.length).split('/') : []);
  const folders = new Set(paths.folders.flatMap((path) => inside(path).slice(0, 1)));
  return { folders: [...folders], hasImages: paths.images.some((path) => inside(path).length === 1) };
}

/** All paths below the folder, with slashes. */
export interface Paths {
  readonly images: readonly string[];
  readonly folders: readonly string[];
}

/** The inside of a part that an archive has packed into a folder of the same name. */
function unpacked(name: string, paths: Paths): string {
  const root = `${name}/`;
  const { folders, hasImages } = contentsOf(root, paths);
  const [only] = folders;
  if (hasImages || folders.length !== 1 || only!.toLowerCase() !== name.toLowerCase()) return root;
  return contentsOf(`${root}${only}/`, paths).hasImages ? root : `${root}${only}/`;
}

/**
 * Finds the folders that train and validate; undefined where the folders are classes. A folder is for training by its
 * name (`train`, `Training`, `seg_train`, `training_set`) and by a partner beside it (`val`, `valid`, `validation`,
 * `test`, `testing`, with the same other words); without one, only where it is the only folder, and holds folders alone.
 */
export function folderParts(paths: Paths): FolderParts | undefined {
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

/** A file of an image folder, by its path in it with slashes, and the class that its folder names. */
export interface LabelledPath {
  readonly path: string;
  readonly label: number;
}

export interface FolderLayout {
  /** The class folders, by code points; those without images too. */
  readonly categories: readonly string[];
  readonly train: readonly LabelledPath[];
  /** What stands in a folder for validation, where there is one. */
  readonly validation: readonly LabelledPath[] | null;
  /** Images beside the folders for training and validation. */
  readonly unused: readonly string[];
  /** The only class, if it holds folders for training and validation, which are not taken for such. */
  readonly packed: string | undefined;
}

/** A class' name, whichever way a file system spells its accents. */
const nameOf = (folder: string): string => folder.normalize('NFC');

/** The class folder of a path, inside `root` ('' or 'train/'). */
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

/** torchvision's order: class by class, in each folder by folder, in each file by file. */
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

const below = (paths: readonly string[], root: string): string[] => paths.filter((path) => path.startsWith(root));

/** The paths inside a folder, from there. */
const inside = (paths: readonly string[], root: string): string[] =>
  below(paths, root).map((path) => path.slice(root.length));

/**
 * Finds classes and parts among the paths of a folder: class folders, or a folder of them for training with one for
 * validation or tests beside it, as `folderParts` tells them. Images may lie deeper in a class folder.
 *
 * @param folders at least those without images.
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
