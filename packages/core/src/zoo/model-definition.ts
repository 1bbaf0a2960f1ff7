import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { InputShape } from '../graph/index.js';
import type { Classifier } from './classifier.js';
import type { PretrainedOptions } from './pretrained-options.js';
import type { WeightsTable } from './weights.js';

/** Options of every builder. */
export interface BuildOptions {
  /** Height, width (null: any) and channels of the images. Default: as published. */
  inputShape?: InputShape;
  /** Number of logits; 0 leaves the head off, so that the net computes the features. Default: as published. */
  numClasses?: number;
  /** Seeds the initial values, so that they can be repeated. Default: random. */
  seed?: number;
  /** Name of the tfjs model, and of the layer that it is inside another model. Default: the variant's name. */
  name?: string;
}

/** Options of a builder whose net has dropout, as torchvision's do. */
export interface DropoutOptions extends BuildOptions {
  /** Fraction of values that training zeroes, 0 to below 1. Default: as published. */
  dropout?: number;
}

/** Options that a family's builder has beside those of every builder. */
export type OwnOptions<Options extends BuildOptions> = [Options] extends [never]
  ? unknown
  : Omit<Options, keyof BuildOptions>;

/** One variant: a function that builds an untrained net, and whose `pretrained` makes a trained one. */
export interface ModelDefinition<Options extends BuildOptions = BuildOptions, Names extends string = string> {
  /** Builds a net with fresh weights: images [n, h, w, c] -> logits [n, numClasses]. Needs a backend (`await useBackend()`). */
  (options?: Options): LayersModel;
  /** torchvision's name of the variant. */
  readonly name: string;
  /** state_dict path of the part that `numClasses` replaces. */
  readonly head: string;
  /** state_dict paths of heads that only the loss sees; replaced with the head. */
  readonly auxiliaryHeads: readonly string[];
  /** Net for weights that have no head. Undefined if the head is one layer. */
  readonly backbone?: Backbone<Options>;
  /** Prefixes of keys in copies of the weights -> the prefixes here, if they differ. */
  readonly renamed: Readonly<Record<string, string>>;
  /** Names of the options that the builder has read so far: all of them once it has built a net. */
  readonly options: ReadonlySet<string>;
  /** Published height, width (null: any) and channels of the images. */
  readonly inputShape: InputShape;
  /** Published number of classes. */
  readonly numClasses: number;
  /** Entries of the weights by name, and DEFAULT. */
  readonly weights: WeightsTable<Names>;
  /** Builds a trained net with its preprocessing and categories. Takes the builder's own options too. */
  pretrained(options?: PretrainedOptions<Names> & OwnOptions<Options>): Promise<Classifier>;
}

/** A net with global average pooling and one linear layer as its head, instead of the published one. */
export interface Backbone<Options extends BuildOptions = BuildOptions> {
  (options?: Options): LayersModel;
  /** state_dict path of the part that it lacks. */
  readonly replaces: string;
  /** state_dict path of its own head. */
  readonly head: string;
}
