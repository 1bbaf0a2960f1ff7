import type { TensorInfo } from '@tensorflow/tfjs-core';
import { HeapEngine, type Pointer, type Workspace } from '../engine/index.js';
import { type WasmBackend, WasmTensors } from './wasm-tensors.js';

/** Tensors of tfjs' wasm backend, and an engine that works on them. */
export interface Place {
  readonly engine: Workspace;
  readonly tensors: WasmTensors;
}

/** Tensors where they are: neither `put` nor `take` copies. What `put` points to must not be written to, save as a `target`. */
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
    // At the very end of the memory, vectors would read past it. The view comes last: a new block may move the memory.
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

/** The engines that work in the heaps of wasm backends, made as they are met. */
export class Heaps {
  private readonly engines = new Map<WasmBackend, HeapEngine | undefined>();

  /** @param module the kernels for memory that is not shared. */
  constructor(private readonly module: WebAssembly.Module) {}

  /** Where a backend's tensors are, or undefined where its heap is out of reach. */
  of(backend: WasmBackend): Place | undefined {
    if (!this.engines.has(backend)) this.engines.set(backend, HeapEngine.over(backend.wasm, this.module));
    const engine = this.engines.get(backend);
    return engine && { engine, tensors: new HeapTensors(backend, engine) };
  }

  dispose(): void {
    // A backend that was disposed of has dropped its heap.
    for (const [backend, engine] of this.engines) if (backend.wasm) engine?.dispose();
    this.engines.clear();
  }
}
