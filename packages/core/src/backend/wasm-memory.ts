import { backend, engine, getBackend, type Tensor } from '@tensorflow/tfjs-core';

interface Output {
  readonly dataId: object;
  readonly shape: number[];
  readonly dtype: 'float32';
}

/** What is used of tfjs' wasm backend here. */
interface WasmBackend {
  readonly wasm: { _malloc(bytes: number): number; _free(address: number): void };
  makeOutput(shape: number[], dtype: 'float32'): Output;
  typedArrayFromHeap(output: Output): Float32Array;
}

/**
 * The memory of tfjs' wasm backend, into which `tf.tensor` copies values at once (other backends may hold on to the
 * array); undefined where another backend is set.
 */
export const wasmMemory = (): WasmMemory | undefined =>
  getBackend() === 'wasm' ? new WasmMemory(backend() as unknown as WasmBackend) : undefined;

/** What the allocator adds to a block, at most. */
const OVERHEAD = 64;

export class WasmMemory {
  constructor(private readonly backend: WasmBackend) {}

  /** Grows it for tensors that are to come: once, where it would grow by steps that cost as much as the copying does. */
  reserve(sizes: readonly number[]): void {
    const { wasm } = this.backend;
    wasm._free(wasm._malloc(sizes.reduce((sum, bytes) => sum + bytes + OVERHEAD, 0)));
  }

  /** A float32 tensor without values, the caller's, and where they go. The bytes are void once anything else is made. */
  allocate(shape: number[]): { tensor: Tensor; bytes: Uint8Array } {
    const output = this.backend.makeOutput(shape, 'float32');
    const { buffer, byteOffset, byteLength } = this.backend.typedArrayFromHeap(output);
    return { tensor: engine().makeTensorFromTensorInfo(output), bytes: new Uint8Array(buffer, byteOffset, byteLength) };
  }
}
