import { CnnzooError } from '../errors.js';
import { visible } from '../visible.js';
import { codePointOrder } from './code-point-order.js';
import { folderParts, type Paths } from './folder-parts.js';
import { foldersAbove } from './listing.js';

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
