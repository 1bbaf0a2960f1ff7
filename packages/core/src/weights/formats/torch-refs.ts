import type { StoredName } from './stored.js';
import type { TorchType } from './torch-dtypes.js';

/** A run of values in a checkpoint. */
export class StorageRef {
  /**
   * @param count values in the whole storage.
   * @param start values of the storage before this view of it begins.
   */
  constructor(
    readonly key: string,
    readonly type: TorchType,
    readonly count: number,
    readonly start: number,
  ) {}
}

/** A tensor as a view of a storage. */
export interface TensorView {
  readonly storage: StorageRef;
  readonly stored: StoredName;
  /** Bytes of the storage before the first value. */
  readonly begin: number;
  readonly shape: readonly number[];
  /** In values. */
  readonly strides: readonly number[];
}

/** A tensor whose values can be read. PyTorch's oldest files make it first and say then of what it is a view. */
export class TensorRef {
  constructor(public view: TensorView) {}
}

/** A tensor whose values can't be read. */
export class UnreadableTensor {
  /**
   * @param what it is: 'a sparse tensor', 'complex64'.
   * @param instead what to save in its place, in Python, of a tensor `t`.
   */
  constructor(
    readonly what: string,
    readonly instead: string,
  ) {}
}

export const isTensor = (value: unknown): value is TensorRef | UnreadableTensor =>
  value instanceof TensorRef || value instanceof UnreadableTensor;
