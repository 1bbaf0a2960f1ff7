import { CnnzooError } from '../errors.js';

/*
 * A mirror is a directory, on disk or behind a web server, as `port --all DIR` makes it:
 *
 *   index.json
 *   resnet50/IMAGENET1K_V2.safetensors
 *   …
 *
 * `CNNZOO_MIRROR` holds its path or its base URL.
 */

export const MIRROR_INDEX = 'index.json';

export interface MirrorFile {
  readonly sha256: string;
  readonly bytes: number;
  readonly model: string;
  /** The entry's name, e.g. 'IMAGENET1K_V2'. */
  readonly weights: string;
}

export interface MirrorIndex {
  readonly format: 1;
  /** By path inside the mirror, with '/': `<model>/<NAME>.safetensors`. */
  readonly files: Readonly<Record<string, MirrorFile>>;
}

/** Where a mirror keeps the weights of an entry. */
export const mirrorPath = (model: string, weights: string): string => `${model}/${weights}.safetensors`;

/** Reads the text of a mirror's index. */
export function parseMirrorIndex(text: string, name: string): MirrorIndex {
  let index: Partial<MirrorIndex> | null;
  try {
    index = JSON.parse(text) as Partial<MirrorIndex> | null;
  } catch (cause) {
    throw new CnnzooError(
      'FORMAT',
      `${name}: expected a mirror's index (JSON), received ${JSON.stringify(text.slice(0, 40))}…`,
      {
        cause,
      },
    );
  }
  if (index?.format !== 1 || typeof index.files !== 'object' || index.files === null)
    throw new CnnzooError(
      'FORMAT',
      `${name}: expected a mirror's index of format 1, received format ${index?.format}. ` +
        'Make the mirror with `port --all` of the same version.',
    );
  return index as MirrorIndex;
}

/** The file that holds an entry's weights, and its path inside the mirror. */
export function findInMirror(
  index: MirrorIndex,
  model: string,
  weights: string,
): (MirrorFile & { readonly path: string }) | undefined {
  for (const [path, file] of Object.entries(index.files))
    if (file.model === model && file.weights === weights) return { ...file, path };
  return undefined;
}
