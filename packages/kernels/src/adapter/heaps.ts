import type { TensorInfo } from '@tensorflow/tfjs-core';
import { HeapEngine, type Pointer, type Workspace } from '../engine/index.js';
import { type WasmBackend, WasmTensors } from './wasm-tensors.js';

/** Tensors of tfjs' wasm backend with an engine that reads and writes them. */
export interface Place {
  readonly engine: Workspace;
  readonly tensors: WasmTensors;
}

/**
 * Tensors in tfjs' own heap: neither `put` nor `take` copies. Memory that `put` returns must not be written to, except
 * through `target`.
 */
class HeapTensors extends WasmTensors {
  constructor(
    private readonly owner: WasmBackend,
    private readonly heapEngine: HeapEngine,
  ) {
    super(owner, heapEngine);
  }

  override put(tensor: TensorInfo): Pointer {
    const { byteOffset, byteLength, length } = this.values(tensor);
    if (this.heapEngine.hasSlackAt(byteOffset + byteLength)) return byteOffset;
    // Vectors would read past the very end of the memory. The view is made last, because allocating may move the
    // memory.
    const at = this.heapEngine.alloc(length);
    this.heapEngine.view(at, length).set(this.values(tensor));
    return at;
  }

  override take(pointer: Pointer, shape: readonly number[]): TensorInfo {
    this.heapEngine.release(pointer);
    return this.noted(this.owner.makeOutput([...shape], 'float32', pointer));
  }

  override target(tensor: TensorInfo): Pointer {
    return this.isSole(tensor) ? this.values(tensor).byteOffset : super.target(tensor);
  }

  override updated(tensor: TensorInfo, target: Pointer): TensorInfo {
    return this.isSole(tensor) ? this.alias(tensor) : this.take(target, tensor.shape);
  }
}

/** Engines in the heaps of wasm backends, one a backend, created on first use. */
export class Heaps {
  private readonly engines = new Map<WasmBackend, HeapEngine | undefined>();

  /** @param module kernels compiled for memory that is not shared */
  constructor(private readonly module: WebAssembly.Module) {}

  /** Returns the place of a backend's tensors; undefined if its heap is out of reach. */
  of(backend: WasmBackend): Place | undefined {
    if (!this.engines.has(backend)) this.engines.set(backend, HeapEngine.over(backend.wasm, this.module));
    const engine = this.engines.get(backend);
    return engine && { engine, tensors: new HeapTensors(backend, engine) };
  }

  dispose(): void {
    // A backend that was disposed of has no heap to free anything in.
    for (const [backend, engine] of this.engines) if (backend.wasm) engine?.dispose();
    this.engines.clear();
  }
}
