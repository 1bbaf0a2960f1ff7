/*
 * A mirror is a directory, on disk or behind a web server, as `port --all DIR` makes it:
 *
 *   index.json
 *   resnet50/IMAGENET1K_V2.safetensors
 *   …
 *
 * `CNNZOO_MIRROR` holds its path or its base URL.
 */

/** Name of a mirror's index. */
export const MIRROR_INDEX = 'index.json';

/** A file of a mirror. */
export interface MirrorFile {
  /** sha256 of the file. */
  readonly sha256: string;
  /** Size of the file. */
  readonly bytes: number;
  /** Name of the model, e.g. 'resnet50'. */
  readonly model: string;
  /** Name of the entry, e.g. 'IMAGENET1K_V2'. */
  readonly weights: string;
}

/** Index of a mirror. */
export interface MirrorIndex {
  /** Version of the index. */
  readonly format: 1;
  /** Files by their path inside the mirror, with '/': `<model>/<NAME>.safetensors`. */
  readonly files: Readonly<Record<string, MirrorFile>>;
}

/**
 * Returns the path of an entry's weights inside a mirror.
 *
 * @example
 * ```ts
 * import { mirrorPath } from '@cnnzoo/core';
 *
 * console.log(mirrorPath('resnet50', 'IMAGENET1K_V2')); // resnet50/IMAGENET1K_V2.safetensors
 * ```
 */
export const mirrorPath = (model: string, weights: string): string => `${model}/${weights}.safetensors`;
