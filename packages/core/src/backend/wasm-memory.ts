import { backend, engine, getBackend, type Tensor } from '@tensorflow/tfjs-core';

/** Tensor without a Tensor object, as a kernel returns it. */
interface Output {
  readonly dataId: object;
  readonly shape: number[];
  readonly dtype: 'float32';
}

/** Members of tfjs' wasm backend that are used here. */
interface WasmBackend {
  readonly wasm: { _malloc(bytes: number): number; _free(address: number): void };
  makeOutput(shape: number[], dtype: 'float32'): Output;
  typedArrayFromHeap(output: Output): Float32Array;
}

/**
 * Returns the memory of tfjs' wasm backend, so that values can be read straight into a tensor. undefined for other
 * backends, which may keep the array that `tf.tensor` is given.
 */
export const wasmMemory = (): WasmMemory | undefined =>
  getBackend() === 'wasm' ? new WasmMemory(backend() as unknown as WasmBackend) : undefined;

/** Most bytes that the allocator adds to a block. */
const OVERHEAD = 64;

/** Memory of tfjs' wasm backend. */
export class WasmMemory {
  constructor(private readonly backend: WasmBackend) {}

  /**
   * Grows the memory once for tensors of these sizes in bytes. Growing it step by step takes as long as copying the
   * values.
   */
  reserve(sizes: readonly number[]): void {
    const { wasm } = this.backend;
    wasm._free(wasm._malloc(sizes.reduce((sum, bytes) => sum + bytes + OVERHEAD, 0)));
  }

  /**
   * Makes a float32 tensor of undefined values. The caller disposes of `tensor` and fills `bytes`, a view of its
   * values, before anything else is allocated: growing the memory detaches the view.
   */
  allocate(shape: number[]): { tensor: Tensor; bytes: Uint8Array } {
    const output = this.backend.makeOutput(shape, 'float32');
    const { buffer, byteOffset, byteLength } = this.backend.typedArrayFromHeap(output);
    return { tensor: engine().makeTensorFromTensorInfo(output), bytes: new Uint8Array(buffer, byteOffset, byteLength) };
  }
}
