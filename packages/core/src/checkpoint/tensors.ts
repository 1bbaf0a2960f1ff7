import type { ReadBuffer } from '../util/late.js';

/**
 * Values of a tensor by its type. float16, bfloat16 and the float8 types of a checkpoint are widened to float32 when
 * they are read, which is exact. int8 weights that cnnzoo wrote are multiplied by their scales, to float32.
 */
export interface DTypes {
  float32: Float32Array;
  float64: Float64Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int16: Int16Array;
  int8: Int8Array;
  uint64: BigUint64Array;
  uint32: Uint32Array;
  uint16: Uint16Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** Type of a checkpoint's tensor once it is read. */
export type DType = keyof DTypes;

/** One tensor in PyTorch's layout (convolution OIHW, linear [out, in]), row-major. No tf tensor: nothing to dispose. */
export interface StateTensor<D extends DType = DType> {
  /** Sizes in PyTorch's layout; [] for a scalar. */
  readonly shape: readonly number[];
  readonly dtype: D;
  /** Values, row-major. */
  readonly data: DTypes[D];
}

/** A PyTorch state dict: tensors by key, in the checkpoint's order. */
export type StateDict = Map<string, StateTensor>;

/** A tensor whose values are still in the checkpoint. */
export interface LazyTensor {
  /** Sizes in PyTorch's layout; [] for a scalar. */
  readonly shape: readonly number[];
  /** Type of the values that `read` resolves to. */
  readonly dtype: DType;
  /** Type of the values in the checkpoint, by safetensors' name: 'F32', 'F16', 'BF16', 'F8_E4M3', 'I64', 'BOOL', … */
  readonly stored: string;
  /** Reads the values. With `into` they may lie in it, and are good until it is read into again. */
  read(into?: ReadBuffer): Promise<StateTensor>;
  /** Reads the values in tfjs' layout (HWIO, [in, out]), float32. Undefined if the checkpoint is not transposed. */
  readTransposed?(): Promise<Float32Array>;
  /** Fills `target` with the bytes as they are stored, before it returns. Undefined if the source can't. */
  readInto?(target: Uint8Array): void;
}

/** An opened checkpoint: the shape of every tensor is known, no values are in memory. */
export interface TensorFile {
  /** Format of the checkpoint; 'memory' for a state dict. */
  readonly format: 'safetensors' | 'torch-zip' | 'torch-legacy' | 'memory';
  /** Tensors by state_dict key, in the checkpoint's order. */
  readonly tensors: ReadonlyMap<string, LazyTensor>;
  /** safetensors' `__metadata__`; empty for the other formats. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Names of Python's classes and functions in a file of torch that have no part in its tensors, e.g.
   * 'argparse.Namespace': their objects were read over, and nothing was called. Empty for the other formats.
   */
  readonly inert: readonly string[];
  /** Key of the tensors in the checkpoint, e.g. 'state_dict'. Undefined if the checkpoint holds nothing else. */
  readonly key?: string;
  /** Entries of the checkpoint beside the tensors, e.g. 'epoch'. Undefined if there are none. */
  readonly others?: readonly string[];
  /** Closes the file behind the tensors. */
  close(): Promise<void>;
}

/** A checkpoint: its path, URL, bytes or Blob; or a state dict, or a plain record of tensors. */
export type WeightsSource =
  | string
  | URL
  | ArrayBuffer
  | Uint8Array
  | Blob
  | StateDict
  | Readonly<Record<string, StateTensor>>;

/** Options of a checkpoint that may be a URL. */
export interface FetchOptions {
  /** Ends the download. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of reading a checkpoint. */
export interface ReadOptions extends FetchOptions {
  /**
   * Key of the state dict in the checkpoint, e.g. 'params_ema': the path of a dict in a file of torch, or the beginning
   * of tensors' keys. Default: the only state dict that the checkpoint holds.
   */
  readonly key?: string | undefined;
}
