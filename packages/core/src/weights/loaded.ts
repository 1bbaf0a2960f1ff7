import type { LoadedStateDict } from './fit-keys.js';

/** How a checkpoint became a `Classifier`. */
export interface LoadedWeights extends LoadedStateDict {
  /** The registry's entry whose preprocessing holds; null if the classifier was saved without one. */
  readonly entry: string | null;
  /** The head: the checkpoint's ('kept'), one with fresh values ('new'), or none (`numClasses: 0`). */
  readonly head: 'kept' | 'new' | 'none';
  /** Paths in the net whose values are fresh: heads, auxiliary ones among them. */
  readonly fresh: readonly string[];
}
