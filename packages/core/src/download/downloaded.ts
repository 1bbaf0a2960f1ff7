import type { ReadBytesOptions } from '../checkpoint/late.js';
import type { PackedFile } from '../util/index.js';
import type { ByteSource } from '../util/late.js';
import type { ExpectedHash } from './verify.js';

/** Address that a checkpoint can be downloaded from. */
export interface PublishedSource extends ExpectedHash {
  /**
   * `publisher`: the file of the people who trained it, its hash prefix in its name (torch.hub's convention).
   * `hub`: a copy on the Hugging Face hub; its hash is asked of the server.
   */
  readonly kind: 'publisher' | 'hub';
  /** Address of the file. */
  readonly url: string;
}

/** Checkpoint that is part of an npm package, as JavaScript, so that no bundler has to find and copy a file. */
export interface PackageSource extends ExpectedHash {
  readonly kind: 'package';
  /** Name of the file in the package's repository: 'npm:@cnnzoo/lenet/weights/lenet5.safetensors'. */
  readonly url: string;
  /** Imports the file as a module. */
  load(): Promise<PackedFile>;
}

/** Place of a checkpoint. */
export type Source = PublishedSource | PackageSource;

/** Facts of a checkpoint that a download needs: an entry of a registry, or a URL as one. */
export interface Downloadable {
  /** Name of the model, e.g. 'resnet18'. */
  readonly model: string;
  /** Name of the entry, e.g. 'IMAGENET1K_V1'. */
  readonly name: string;
  /** Addresses, in order of preference. */
  readonly sources: readonly Source[];
  /** Size of the publisher's file in MiB. Default: unknown. */
  readonly fileSize?: number;
  /** Number of parameters. Default: unknown. */
  readonly parameters?: number;
  /** Key of the state dict in the file. Default: the only one. */
  readonly key?: string;
}

/** Verified bytes of a checkpoint, and how they are read: `readByteSource(bytes, downloaded)`. */
export interface Downloaded extends ReadBytesOptions {
  /** Bytes in the cache, or in the package. Whoever receives them closes them. */
  readonly bytes: ByteSource;
  /** Path of the cached file, or the URL that it was downloaded from. */
  readonly from: string;
  /** True if someone vouched for the hash: the publisher, the hub, the mirror's index. */
  readonly verified: boolean;
  /** sha256 of the file as it is published. */
  readonly sha256: string;
}
