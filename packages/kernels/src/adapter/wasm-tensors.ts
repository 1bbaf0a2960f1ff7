import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Heap, MOST_BYTES, noRoom, type Pointer, type Workspace } from '../engine/index.js';

/** Part of tfjs' wasm backend that the kernels use. */
export interface WasmBackend {
  readonly wasm: Heap & { readonly HEAPU8: Uint8Array };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: readonly number[], dtype: 'float32' | 'int32', memoryOffset?: number): TensorInfo;
  incRef(dataId: object): void;
  refCount(dataId: object): number;
  disposeData(dataId: object, force?: boolean): boolean;
}

const sizeOf = ({ shape }: TensorInfo): number => util.sizeFromShape(shape);

/** Reads and makes tensors of tfjs' wasm backend during one call of a kernel that computes in the arena. */
export class WasmTensors {
  private made: TensorInfo[] = [];

  constructor(
    private readonly backend: WasmBackend,
    private readonly engine: Workspace,
  ) {}

  /**
   * Returns a view of a float32 tensor. It is void as soon as the backend makes a tensor, which may move the memory.
   */
  values(tensor: TensorInfo): Float32Array {
    // The address first: tfjs may have to move the data here, which may move the memory.
    const at = this.addressOf(tensor);
    return new Float32Array(this.backend.wasm.HEAPU8.buffer, at, sizeOf(tensor));
  }

  /** Returns a copy of a float32 tensor; meant for small ones. */
  copy(tensor: TensorInfo): Float32Array {
    return this.values(tensor).slice();
  }

  /** Returns a view of an int32 tensor, as short-lived as that of `values`. */
  integers(tensor: TensorInfo): Int32Array {
    const at = this.addressOf(tensor);
    return new Int32Array(this.backend.wasm.HEAPU8.buffer, at, sizeOf(tensor));
  }

  /** Copies a tensor's values into the arena. Returns their address. */
  put(tensor: TensorInfo): Pointer {
    return this.engine.put(this.values(tensor));
  }

  /** Makes a tensor with undefined values. */
  make(shape: readonly number[], dtype: 'float32' | 'int32' = 'float32'): TensorInfo {
    const bytes = 4 * util.sizeFromShape([...shape]);
    if (bytes > MOST_BYTES) throw noRoom(bytes);
    const output = this.noted(this.backend.makeOutput([...shape], dtype));
    // tfjs takes the address 0 of a failed allocation for a valid one.
    if (bytes > 0 && this.addressOf(output) === 0) throw noRoom(bytes);
    return output;
  }

  /** Disposes of all tensors that the call made. */
  discard(): void {
    for (const { dataId } of this.made.splice(0)) this.backend.disposeData(dataId);
  }

  /** Makes a float32 tensor from the values at a pointer. */
  take(pointer: Pointer, shape: readonly number[]): TensorInfo {
    const output = this.make(shape);
    this.engine.get(pointer, this.values(output));
    return output;
  }

  /** Returns the address to write a tensor's next values to, for `updated`. */
  target(tensor: TensorInfo): Pointer {
    return this.engine.alloc(sizeOf(tensor));
  }

  /**
   * Makes a tensor from the values written to a target. It shares the data of `tensor`, changed in place, if nobody
   * else holds it.
   */
  updated(tensor: TensorInfo, target: Pointer): TensorInfo {
    if (!this.isSole(tensor)) return this.take(target, tensor.shape);
    this.engine.get(target, this.values(tensor));
    return this.alias(tensor);
  }

  /** Makes a tensor of zeros. */
  zeros(shape: readonly number[], dtype: 'float32' | 'int32' = 'float32'): TensorInfo {
    const output = this.make(shape, dtype);
    this.integers(output).fill(0);
    return output;
  }

  /** Makes a float32 tensor from values. */
  from(values: ArrayLike<number>, shape: readonly number[]): TensorInfo {
    const output = this.make(shape);
    this.values(output).set(values);
    return output;
  }

  /** Makes a tensor that shares the data of another. */
  alias({ dataId, shape, dtype }: TensorInfo): TensorInfo {
    this.backend.incRef(dataId);
    return this.noted({ dataId, shape, dtype });
  }

  /** Adds a tensor to those that `discard` disposes of, and returns it. */
  protected noted(tensor: TensorInfo): TensorInfo {
    this.made.push(tensor);
    return tensor;
  }

  /** Returns true if no other tensor shares the data. */
  protected isSole({ dataId }: TensorInfo): boolean {
    // Data on another backend have no count here: `get` has tfjs move them.
    this.backend.dataIdMap.get(dataId);
    return this.backend.refCount(dataId) === 1;
  }

  private addressOf({ dataId }: TensorInfo): number {
    return this.backend.dataIdMap.get(dataId).memoryOffset;
  }
}
