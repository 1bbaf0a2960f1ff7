import type { KeyChanges } from './fit-keys.js';
import type { TensorFile } from './tensors.js';

/** How a checkpoint became the weights of a net. */
export interface LoadedStateDict extends KeyChanges {
  /** The checkpoint: its path or URL, else 'the bytes', 'the blob' or 'a state dict'. */
  readonly source: string;
  readonly format: TensorFile['format'];
  /** Path of the state dict in the checkpoint, e.g. 'state_dict'; null if the checkpoint is the state dict itself. */
  readonly key: string | null;
  /** Entries of the checkpoint that are not in the net: tensors, and what lies beside the state dict. */
  readonly ignored: readonly string[];
}

/** How a checkpoint became a `Classifier`. */
export interface LoadedWeights extends LoadedStateDict {
  /** The registry's entry whose preprocessing holds; null if the classifier was saved without one. */
  readonly entry: string | null;
  /** The head: the checkpoint's ('kept'), one with fresh values ('new'), or none (`numClasses: 0`). */
  readonly head: 'kept' | 'new' | 'none';
  /** Paths in the net whose values are fresh: heads, auxiliary ones among them. */
  readonly fresh: readonly string[];
}
