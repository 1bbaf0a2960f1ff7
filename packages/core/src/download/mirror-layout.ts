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
