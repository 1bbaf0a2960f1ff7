import type { WeightsSource } from '../checkpoint/index.js';
import type { DownloadOptions } from '../download/late.js';
import type { InputShape } from '../graph/index.js';
import type { WeightsEntry } from './weights.js';

interface CommonOptions extends DownloadOptions {
  /**
   * Height, width (null: any) and channels of the images. Other channels than published change the first kernel, and the
   * preprocessing follows all three. Default: as published.
   */
  inputShape?: InputShape;
  /** Seeds the values of a new head, so that they can be repeated. Default: random. */
  seed?: number;
  /** Name of the tfjs model. Default: the variant's name. */
  name?: string;
  /** 'backbone' keeps the weights and running statistics of all but the head in training. Default: nothing is frozen. */
  freeze?: 'backbone';
  /**
   * 'new' gives the head fresh values. Default: the checkpoint's head is kept if it has as many classes as are asked for,
   * and else it is new; `loaded.head` of the result tells.
   */
  head?: 'new';
  /** Key of the state dict in a file of yours, e.g. 'params_ema'. Default: the only one that the file holds. */
  key?: string;
}

/** Classes of the head: their number, or their names. Default: those of the weights. */
type HeadOptions =
  | { numClasses?: number; categories?: undefined }
  | { numClasses?: undefined; categories?: readonly string[] };

type WeightsOptions<Names extends string> =
  | {
      /**
       * Name of an entry, or a file: its path, URL or bytes. A file's metadata or hash tells its entry; else the default
       * entry's preprocessing and categories are used, with a warning. Default: 'DEFAULT'.
       */
      weights?: Names | 'DEFAULT' | WeightsEntry | (string & {}) | Exclude<WeightsSource, string>;
      from?: undefined;
    }
  | {
      /** Name of the entry whose preprocessing and categories hold. */
      weights: Names | 'DEFAULT' | WeightsEntry;
      /** File that holds its weights. */
      from: WeightsSource;
    };

/** Options of `pretrained`. */
export type PretrainedOptions<Names extends string = string> = CommonOptions & HeadOptions & WeightsOptions<Names>;
