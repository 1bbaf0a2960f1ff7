import { isBlob, isUrl } from '../bytes.js';
import { CnnzooError } from '../errors.js';
import { visible } from '../visible.js';
import { isImage, isLeftover, mayBeImage } from './image-files.js';
import { foldersAbove } from './listing.js';
import type { ImageFile } from './pipeline/job.js';

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
