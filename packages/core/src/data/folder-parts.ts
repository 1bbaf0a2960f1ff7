import { CnnzooError } from '../errors.js';
import { visible } from '../visible.js';

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
