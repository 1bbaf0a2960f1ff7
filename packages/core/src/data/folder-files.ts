import { listFiles, openPath, pathOf } from '#platform';
import { CnnzooError, isBlob, isUrl, shownValue, visible } from '../util/index.js';
import { foldersAbove } from './folder-layout.js';
import type { ImageFile } from './pipeline/job.js';

/** Extensions of images. Formats that can't be decoded are included, so that such files are reported. */
const IMAGE = /\.(p?jpe?g|jp[eg]|jfif?|pjp|png|webp|gif|bmp|tiff?|ppm|pgm|avif|heic)$/i;

/** Extension: a dot and a word. The '.5' of 'version 1.5' is none. */
const ENDING = /\.[a-z]\w*$/i;

/** Names of files and folders that operating systems leave behind and that are not hidden. */
const LEFTOVERS = new Set([
  'thumbs.db',
  'desktop.ini',
  '__macosx',
  '@eadir',
  '$recycle.bin',
  'system volume information',
  'lost+found',
]);

/** First bytes, in hexadecimal, of formats whose extension is above. */
const SIGNATURES = [
  /^ffd8ff/, // JPEG
  /^89504e47/, // PNG
  /^52494646.{8}57454250/, // WebP
  /^47494638/, // GIF
  /^424d.{8}00000000/, // BMP
  /^(49492a00|4d4d002a)/, // TIFF
  /^.{8}66747970(61766966|61766973|68656963|68656978)/, // AVIF, HEIC
];

/** Returns true for a path that contains a hidden name, or one that an operating system leaves behind. */
const isLeftover = (path: string): boolean =>
  path.split('/').some((part) => part.startsWith('.') || LEFTOVERS.has(part.toLowerCase()));

/** Returns true for a path with the extension of an image, or with none. */
const mayBeImage = (path: string): boolean => IMAGE.test(path) || !ENDING.test(path);

/**
 * Returns true for an image: by its extension, or without one by its first bytes.
 *
 * @throws CnnzooError FILE if it must be opened but can't be.
 */
export async function isImage(path: string, source: ImageFile['source']): Promise<boolean> {
  if (!mayBeImage(path)) return false;
  if (IMAGE.test(path)) return true;
  const start = Array.from(await startOf(source), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return SIGNATURES.some((signature) => signature.test(start));
}

async function startOf(source: ImageFile['source']): Promise<Uint8Array> {
  if (typeof source !== 'string') return new Uint8Array(await source.slice(0, 16).arrayBuffer());
  const file = await openPath(source);
  try {
    return await file.read(0, Math.min(16, file.size));
  } finally {
    await file.close();
  }
}

/** File or folder that can't be read, and why. */
interface Unreadable {
  readonly name: string;
  readonly message: string;
}

/** Contents of an image folder, by paths relative to it, with slashes. */
export interface FolderFiles {
  readonly images: ReadonlyMap<string, ImageFile>;
  readonly folders: readonly string[];
  readonly unreadable: readonly Unreadable[];
}

/** Files of a folder, images or not. */
interface Files extends Pick<FolderFiles, 'folders' | 'unreadable'> {
  readonly files: ReadonlyMap<string, ImageFile>;
}

async function filesOnDisk(folder: string | URL): Promise<Files> {
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

/**
 * Returns the files of a page as an array. Refuses all other values, such as a list of paths.
 *
 * @throws CnnzooError INPUT.
 */
function listOf(folder: unknown): readonly File[] {
  const expected = 'imageFolder: expected a path, a file: URL or a list of files, received';
  if (typeof (folder as Partial<Iterable<File>> | null | undefined)?.[Symbol.iterator] !== 'function')
    throw new CnnzooError('INPUT', `${expected} ${shownValue(folder)}.`);
  const files = [...(folder as Iterable<File>)];
  const stray = files.findIndex((file) => !isBlob(file) || typeof file.name !== 'string');
  if (stray >= 0) throw new CnnzooError('INPUT', `${expected} a list with ${visible(String(files[stray]))} in it.`);
  return files;
}

/** Returns the files of a page by their paths in the chosen folder. */
function filesOfPage(list: readonly File[]): Files {
  const files = new Map(
    list.map((file) => {
      const name = file.webkitRelativePath || file.name;
      // The first segment is the chosen folder itself.
      return [name.slice(name.indexOf('/') + 1), { name, source: file }];
    }),
  );
  return { files, folders: [...new Set([...files.keys()].flatMap(foldersAbove))], unreadable: [] };
}

/**
 * Lists the images of a folder.
 *
 * @param folder Path or file: URL, or the files of a page.
 * @throws CnnzooError FILE if the folder can't be listed; INPUT if the value is no folder.
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
