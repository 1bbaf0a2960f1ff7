import { Header, type Op } from '../../assembly/ops.js';
import { KernelError } from '../errors.js';
import { DESCRIPTOR_WORDS, SCRATCH_BYTES } from './control.js';
import type { Workspace } from './dispatch.js';
import type { Pointer } from './memory.js';

/** Part of the heap of tfjs' wasm backend, an Emscripten module, that the engine uses. */
export interface Heap {
  readonly asm?: { readonly memory?: unknown };
  _malloc(bytes: number): number;
  _free(pointer: number): void;
}

/** Returns the memory of a heap; undefined if it is out of reach. */
export function memoryOf(heap: Heap): WebAssembly.Memory | undefined {
  const memory = heap.asm?.memory;
  return memory instanceof WebAssembly.Memory ? memory : undefined;
}

/** Bytes past the end of a block that vector loads may read. */
const SLACK = 256;

/** Limit of a 32-bit address in bytes. The allocator would receive a larger number truncated. */
export const MOST_BYTES = 2 ** 32 - 2 ** 16;

/** Builds the error for an allocation that does not fit into the heap. */
export const noRoom = (bytes: number): KernelError =>
  new KernelError(
    `tfjs' wasm backend has no room for ${Math.ceil(bytes / 2 ** 20)} MB more. Use smaller batches or images.`,
  );

/**
 * Runs kernels on the calling thread, directly in the memory of tfjs' wasm backend. Nothing is copied in or out, which
 * gains more than threads do for ops limited by memory bandwidth.
 */
export class HeapEngine implements Workspace {
  readonly threads = 1;
  private readonly run: (descriptor: Pointer, scratch: Pointer) => void;
  private readonly descriptor: Pointer;
  private readonly scratch: Pointer;
  private readonly blocks = new Set<Pointer>();

  private constructor(
    private readonly heap: Heap,
    private readonly memory: WebAssembly.Memory,
    instance: WebAssembly.Instance,
  ) {
    this.run = instance.exports.run as typeof this.run;
    this.descriptor = this.malloc(4 * DESCRIPTOR_WORDS);
    this.scratch = this.malloc(SCRATCH_BYTES);
  }

  /**
   * Returns an engine over a heap; undefined if its memory is out of reach or of another kind than the module imports,
   * such as shared memory.
   */
  static over(heap: Heap, module: WebAssembly.Module): HeapEngine | undefined {
    const memory = memoryOf(heap);
    if (!memory) return undefined;
    try {
      return new HeapEngine(heap, memory, new WebAssembly.Instance(module, { env: { memory } }));
    } catch (error) {
      if (error instanceof WebAssembly.LinkError) return undefined;
      throw error;
    }
  }

  /** Returns true if vectors may read past a block that ends at `end`. */
  hasSlackAt(end: Pointer): boolean {
    return end + SLACK <= this.memory.buffer.byteLength;
  }

  alloc(floats: number): Pointer {
    const at = this.malloc(4 * floats + SLACK);
    this.blocks.add(at);
    return at;
  }

  put(values: Float32Array): Pointer {
    const at = this.alloc(values.length);
    this.view(at, values.length).set(values);
    return at;
  }

  get(pointer: Pointer, into: Float32Array): void {
    into.set(this.view(pointer, into.length));
  }

  view(pointer: Pointer, floats: number): Float32Array {
    return new Float32Array(this.memory.buffer, pointer, floats);
  }

  /** Hands a block over to the caller: `reset` will not free it. */
  release(pointer: Pointer): void {
    this.blocks.delete(pointer);
  }

  reset(): void {
    for (const block of this.blocks) this.heap._free(block);
    this.blocks.clear();
  }

  dispatch(op: Op, tasks: number, words: readonly number[]): void {
    const descriptor = new Int32Array(this.memory.buffer, this.descriptor, DESCRIPTOR_WORDS);
    descriptor[Header.op] = op;
    descriptor[Header.next] = 0;
    descriptor[Header.tasks] = tasks;
    descriptor.set(words, Header.words);
    this.run(this.descriptor, this.scratch);
  }

  /** Frees all blocks that the engine holds. */
  dispose(): void {
    this.reset();
    this.heap._free(this.descriptor);
    this.heap._free(this.scratch);
  }

  private malloc(bytes: number): Pointer {
    // An address above 2 GiB is returned as a negative number.
    const at = bytes > MOST_BYTES ? 0 : this.heap._malloc(bytes) >>> 0;
    if (at === 0) throw noRoom(bytes);
    return at;
  }
}
