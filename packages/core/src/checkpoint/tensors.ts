import type { ReadBuffer } from '../util/late.js';

/**
 * The types a checkpoint's tensors have once read. float16, bfloat16 and the float8 types are widened to float32, which
 * is exact.
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

export type DType = keyof DTypes;

/** One tensor in PyTorch's layout (convolution OIHW, linear [out, in]), row-major. No tf tensor: nothing to dispose. */
export interface StateTensor<D extends DType = DType> {
  readonly shape: readonly number[];
  readonly dtype: D;
  readonly data: DTypes[D];
}

/** A PyTorch state dict: key -> tensor, in the checkpoint's order. */
export type StateDict = Map<string, StateTensor>;

/** A tensor whose values are still in the file. */
export interface LazyTensor {
  readonly shape: readonly number[];
  /** As `StateTensor.dtype`: what `read` resolves to. */
  readonly dtype: DType;
  /** How the file holds it, by safetensors' name: 'F32', 'F16', 'BF16', 'F8_E4M3', 'I64', 'U8', 'BOOL', … */
  readonly stored: string;
  /** With `into`, the values may lie in it, and are good until it is read into again. */
  read(into?: ReadBuffer): Promise<StateTensor>;
  /** Only where the file holds the values, float32, in tfjs' order (HWIO, [in, out]): as they are. */
  readTurned?(): Promise<Float32Array>;
  /** Fills `target` with the bytes as the file holds them, before it returns; not in every source. */
  readInto?(target: Uint8Array): void;
}

/** An opened checkpoint: every tensor's shape is known, no values are in memory. */
export interface TensorFile {
  readonly format: 'safetensors' | 'torch-zip' | 'torch-legacy' | 'memory';
  readonly tensors: ReadonlyMap<string, LazyTensor>;
  /** safetensors' `__metadata__`; empty for the other formats. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Names of Python's classes and functions in a file of torch that have no part in its tensors, e.g.
   * 'argparse.Namespace': their objects were read over, and nothing was called. Empty for the other formats.
   */
  readonly inert: readonly string[];
  /** Key of the tensors in the file, e.g. 'state_dict'. Undefined if the file holds nothing else. */
  readonly key?: string;
  /** Entries of the file beside the tensors, e.g. 'epoch'. Undefined if there are none. */
  readonly others?: readonly string[];
  close(): Promise<void>;
}

/** Where weights can come from: a path, a URL, bytes, a Blob, a state dict, or a plain record of tensors. */
export type WeightsSource =
  | string
  | URL
  | ArrayBuffer
  | Uint8Array
  | Blob
  | StateDict
  | Readonly<Record<string, StateTensor>>;

/** Options of fetching a checkpoint by its URL. */
export interface FetchOptions {
  /** Ends the download. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of reading a checkpoint. */
export interface ReadOptions extends FetchOptions {
  /**
   * Where in the checkpoint the state dict lies, e.g. 'params_ema': the path of a dict in a file of torch, or what keys
   * begin with. Default: the only state dict that the checkpoint holds.
   */
  readonly key?: string | undefined;
}

/**
 * Opens a checkpoint of any format, and reads a tensor when it is asked for one. The caller closes the file.
 * @throws CnnzooError FILE, FORMAT or UNSAFE; for a URL, DOWNLOAD or ABORTED.
 */
export async function openTensors(source: WeightsSource, options: ReadOptions = {}): Promise<TensorFile> {
  // The readers stay out of what a page loads to build a net.
  const { checkReadOptions, openTensors: open } = await import('./open.js');
  checkReadOptions('openTensors', options);
  return open(source, options);
}

/** The values of all tensors of an opened checkpoint. */
export async function readAll(file: TensorFile): Promise<StateDict> {
  const state: StateDict = new Map();
  for (const [key, tensor] of file.tensors) state.set(key, await tensor.read());
  return state;
}

/**
 * Reads a checkpoint (safetensors, `.pth`, a state dict): key -> { shape, dtype, data }, in PyTorch's layout. Needs no
 * backend, and holds no tf tensor.
 * @throws CnnzooError FILE, FORMAT, HASH or UNSAFE; for a URL, DOWNLOAD or ABORTED.
 */
export async function readStateDict(source: WeightsSource, options: ReadOptions = {}): Promise<StateDict> {
  const { checkReadOptions, openTensors } = await import('./open.js');
  checkReadOptions('readStateDict', options);
  const file = await openTensors(source, options);
  try {
    return await readAll(file);
  } finally {
    await file.close();
  }
}
