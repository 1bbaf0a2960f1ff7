import type { ImageInput } from '../images/input.js';
import type { Preprocessing } from '../images/prepare.js';
import type { Source } from './candidates.js';

export interface Metrics {
  /** Data set -> metric -> per cent, e.g. `{ 'ImageNet-1K': { 'acc@1': 69.758 } }`. */
  readonly values: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Who measured: 'torchvision', or 'cnnzoo' (then `recipe` holds the command). */
  readonly measuredBy: string;
}

/** What is known of one set of trained weights. A better recipe is a new entry, never an edit. */
export interface WeightsInfo {
  /** In order of preference; `CNNZOO_MIRROR` is asked before them where it is set, unless a package brings the file. */
  readonly sources: readonly Source[];
  readonly parameters: number;
  /** Size of the publisher's file in MiB, as published (three decimals). */
  readonly fileSize: number;
  /** Multiply-adds of one image at the crop size, in 10^9, as published. */
  readonly gflops?: number;
  /** Smallest height and width the net takes. */
  readonly minSize: readonly [height: number, width: number];
  readonly metrics: Metrics;
  readonly preprocessing: Preprocessing;
  /** A label per class, in the order of the logits; null for a backbone. */
  readonly categories: readonly string[] | null;
  /** SPDX identifier, or 'unspecified' where the publisher states none. */
  readonly licence: string;
  /** How the weights were made: a link, or a command. */
  readonly recipe: string;
  /** Key prefixes a strict load may drop, e.g. auxiliary heads. */
  readonly mayDrop?: readonly string[];
  /** The values of the head are not valid: only the backbone's are. */
  readonly isBackbone?: true;
}

export interface WeightsEntry extends WeightsInfo {
  /** E.g. 'IMAGENET1K_V1'. */
  readonly name: string;
  /** E.g. 'resnet18'. */
  readonly model: string;
  /** The image(s) as this net was trained to see them: float32 [n, crop, crop, channels]. The tensor is the caller's. */
  preprocess(image: ImageInput | readonly ImageInput[]): Promise<import('@tensorflow/tfjs-core').Tensor4D>;
}

/** The entries of a model by name; where there are any, `DEFAULT` is one of them. */
export type WeightsTable<Name extends string = string> = [Name] extends [never]
  ? Readonly<Record<never, WeightsEntry>>
  : Readonly<Record<Name | 'DEFAULT', WeightsEntry>>;
