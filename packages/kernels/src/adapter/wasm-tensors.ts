import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Heap, MOST_BYTES, noRoom, type Pointer, type Workspace } from '../engine/index.js';

/** What is used of tfjs' wasm backend. */
export interface WasmBackend {
  readonly wasm: Heap & { readonly HEAPU8: Uint8Array };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: readonly number[], dtype: 'float32' | 'int32', memoryOffset?: number): TensorInfo;
  incRef(dataId: object): void;
  refCount(dataId: object): number;
  disposeData(dataId: object, force?: boolean): boolean;
}

const sizeOf = ({ shape }: TensorInfo): number => util.sizeFromShape(shape);

/** The tensors of tfjs' wasm backend, beside the memory of the kernels, for one call of a kernel. */
export class WasmTensors {
  private made: TensorInfo[] = [];

  constructor(
    private readonly backend: WasmBackend,
    private readonly engine: Workspace,
  ) {}

  /** The values of a float32 tensor, in place. Void as soon as the backend makes a tensor: its memory may move. */
  values(tensor: TensorInfo): Float32Array {
    return new Float32Array(this.backend.wasm.HEAPU8.buffer, this.addressOf(tensor), sizeOf(tensor));
  }

  /** A copy of the values of a float32 tensor, for what is small. */
  copy(tensor: TensorInfo): Float32Array {
    return this.values(tensor).slice();
  }

  /** The values of an int32 tensor, as `values`. */
  integers(tensor: TensorInfo): Int32Array {
    return new Int32Array(this.backend.wasm.HEAPU8.buffer, this.addressOf(tensor), sizeOf(tensor));
  }

  /** Copies a tensor's values into the arena. */
  put(tensor: TensorInfo): Pointer {
    return this.engine.put(this.values(tensor));
  }

  /** Makes a tensor whose values are undefined. */
  make(shape: readonly number[], dtype: 'float32' | 'int32' = 'float32'): TensorInfo {
    const bytes = 4 * util.sizeFromShape([...shape]);
    if (bytes > MOST_BYTES) throw noRoom(bytes);
    const output = this.noted(this.backend.makeOutput([...shape], dtype));
    // tfjs takes the address 0 of an allocation that failed for one like others.
    if (bytes > 0 && this.addressOf(output) === 0) throw noRoom(bytes);
    return output;
  }

  /** Disposes of what the call has made. */
  discard(): void {
    for (const { dataId } of this.made.splice(0)) this.backend.disposeData(dataId);
  }

  /** A float32 tensor of the values at a pointer. */
  take(pointer: Pointer, shape: readonly number[]): TensorInfo {
    const output = this.make(shape);
    this.engine.get(pointer, this.values(output));
    return output;
  }

  /** Where to write what a tensor becomes, for `updated`. */
  target(tensor: TensorInfo): Pointer {
    return this.engine.alloc(sizeOf(tensor));
  }

  /** A tensor of what was written to its target: with the same data, changed, where nobody else holds it. */
  updated(tensor: TensorInfo, target: Pointer): TensorInfo {
    if (!this.isSole(tensor)) return this.take(target, tensor.shape);
    this.engine.get(target, this.values(tensor));
    return this.alias(tensor);
  }

  /** A tensor of zeros. */
  zeros(shape: readonly number[], dtype: 'float32' | 'int32' = 'float32'): TensorInfo {
    const output = this.make(shape, dtype);
    this.integers(output).fill(0);
    return output;
  }

  /** A float32 tensor of the values. */
  from(values: ArrayLike<number>, shape: readonly number[]): TensorInfo {
    const output = this.make(shape);
    this.values(output).set(values);
    return output;
  }

  /** A tensor of the same data, without a copy. */
  alias({ dataId, shape, dtype }: TensorInfo): TensorInfo {
    this.backend.incRef(dataId);
    return this.noted({ dataId, shape, dtype });
  }

  /** Remembers a tensor for `discard`. */
  protected noted(tensor: TensorInfo): TensorInfo {
    this.made.push(tensor);
    return tensor;
  }

  /** Whether a tensor is the only one with its data. */
  protected isSole({ dataId }: TensorInfo): boolean {
    return this.backend.refCount(dataId) === 1;
  }

  private addressOf({ dataId }: TensorInfo): number {
    return this.backend.dataIdMap.get(dataId).memoryOffset;
  }
}
