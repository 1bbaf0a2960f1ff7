import { CnnzooError, isBlob, isUrl, visible } from '../util/index.js';
import { foldersAbove } from './folder-layout.js';
import type { ImageFile } from './pipeline/job.js';

/** What is taken for an image: formats that can't be decoded are among them, so that they are reported, not overlooked. */
const IMAGE = /\.(p?jpe?g|jp[eg]|jfif?|pjp|png|webp|gif|bmp|tiff?|ppm|pgm|avif|heic)$/i;

/** A dot and a word. What follows the last dot of '1.5' is none. */
const ENDING = /\.[a-z]\w*$/i;

/** Files and folders that systems leave behind, beside hidden ones. */
const LEFTOVERS = new Set([
  'thumbs.db',
  'desktop.ini',
  '__macosx',
  '@eadir',
  '$recycle.bin',
  'system volume information',
  'lost+found',
]);

/** First bytes, in hexadecimal, of the formats that have an ending above. */
const SIGNATURES = [
  /^ffd8ff/, // JPEG
  /^89504e47/, // PNG
  /^52494646.{8}57454250/, // WebP
  /^47494638/, // GIF
  /^424d.{8}00000000/, // BMP
  /^(49492a00|4d4d002a)/, // TIFF
  /^.{8}66747970(61766966|61766973|68656963|68656978)/, // AVIF, HEIC
];

/** Returns true for a path with a part that is hidden, or that a system left behind. */
export const isLeftover = (path: string): boolean =>
  path.split('/').some((part) => part.startsWith('.') || LEFTOVERS.has(part.toLowerCase()));

/** Returns true for a path that may be an image's: by its ending, or because it has none. */
export const mayBeImage = (path: string): boolean => IMAGE.test(path) || !ENDING.test(path);

/**
 * Returns true for an image: by the ending of its name, or, where it has none, by its first bytes.
 * @throws CnnzooError FILE where it has to be opened and can't be.
 */
export async function isImage(path: string, source: ImageFile['source']): Promise<boolean> {
  if (!mayBeImage(path)) return false;
  if (IMAGE.test(path)) return true;
  const start = Array.from(await startOf(source), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return SIGNATURES.some((signature) => signature.test(start));
}

async function startOf(source: ImageFile['source']): Promise<Uint8Array> {
  if (typeof source !== 'string') return new Uint8Array(await source.slice(0, 16).arrayBuffer());
  const { openPath } = await import('#platform');
  const file = await openPath(source);
  try {
    return await file.read(0, Math.min(16, file.size));
  } finally {
    await file.close();
  }
}

/** A file or folder, and why it can't be read. */
interface Unreadable {
  readonly name: string;
  readonly message: string;
}

/** Contents of an image folder, by paths in it with slashes. */
export interface FolderFiles {
  readonly images: ReadonlyMap<string, ImageFile>;
  readonly folders: readonly string[];
  readonly unreadable: readonly Unreadable[];
}

/** All files of a folder, images or not. */
interface Files extends Pick<FolderFiles, 'folders' | 'unreadable'> {
  readonly files: ReadonlyMap<string, ImageFile>;
}

async function filesOnDisk(folder: string | URL): Promise<Files> {
  const { listFiles, pathOf } = await import('#platform');
  const directory = pathOf(folder);
  const { files, folders, unreadable } = await listFiles(directory);
  const root = directory.replace(/[\\/]+$/, '');
  const named = (path: string): string => `${root}/${path}`;
  const matters = (path: string): boolean => !isLeftover(path) && (folders.includes(path) || mayBeImage(path));
  return {
    files: new Map(files.map((path) => [path, { name: named(path), source: named(path) }])),
    folders,
    unreadable: unreadable
      .filter(({ path }) => matters(path))
      .map(({ path, message }) => ({ name: named(path), message })),
  };
}

/** The files of a page; what is no list of them, such as one of paths, is refused. */
function listOf(folder: unknown): readonly File[] {
  const expected = 'imageFolder: expected a path, a file: URL or a list of files, received';
  if (typeof (folder as Partial<Iterable<File>> | null | undefined)?.[Symbol.iterator] !== 'function')
    throw new CnnzooError('INPUT', `${expected} ${String(folder)}.`);
  const files = [...(folder as Iterable<File>)];
  const stray = files.findIndex((file) => !isBlob(file) || typeof file.name !== 'string');
  if (stray >= 0) throw new CnnzooError('INPUT', `${expected} a list with ${visible(String(files[stray]))} in it.`);
  return files;
}

/** A page's files say by their paths in which folders they are. */
function filesOfPage(list: readonly File[]): Files {
  const files = new Map(
    list.map((file) => {
      const name = file.webkitRelativePath || file.name;
      // The first part is the folder that was chosen.
      return [name.slice(name.indexOf('/') + 1), { name, source: file }];
    }),
  );
  return { files, folders: [...new Set([...files.keys()].flatMap(foldersAbove))], unreadable: [] };
}

/**
 * Lists a folder's images, by a path or file: URL, or from the files of a page.
 * @throws CnnzooError FILE where the folder can't be listed; INPUT for what is no folder.
 */
export async function folderFiles(folder: string | URL | Iterable<File>): Promise<FolderFiles> {
  const onDisk = typeof folder === 'string' || isUrl(folder);
  const { files, folders, unreadable } = onDisk ? await filesOnDisk(folder) : filesOfPage(listOf(folder));
  const images = new Map<string, ImageFile>();
  const unopened: Unreadable[] = [];
  for (const [path, file] of files) {
    if (isLeftover(path)) continue;
    try {
      if (await isImage(path, file.source)) images.set(path, file);
    } catch (error) {
      unopened.push({ name: file.name, message: (error as Error).message });
    }
  }
  return {
    images,
    folders: folders.filter((path) => !isLeftover(path)),
    unreadable: [...unreadable, ...unopened],
  };
}
