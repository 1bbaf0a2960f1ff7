import { Header, type Op } from '../../assembly/ops.js';
import { KernelError } from '../errors.js';
import { DESCRIPTOR_WORDS, SCRATCH_BYTES } from './control.js';
import type { Workspace } from './dispatch.js';
import type { Pointer } from './memory.js';

/** What is used of the heap of tfjs' wasm backend: an Emscripten module. */
export interface Heap {
  readonly asm?: { readonly memory?: unknown };
  _malloc(bytes: number): number;
  _free(pointer: number): void;
}

/** Vector loads may read this many bytes past the end of a block. */
const SLACK = 256;

/** Bytes that an address of 32 bits reaches: a larger number would come to the allocator as a smaller one. */
export const MOST_BYTES = 2 ** 32 - 2 ** 16;

/** The error of an allocation that the heap has no room for. */
export const noRoom = (bytes: number): KernelError =>
  new KernelError(
    `tfjs' wasm backend has no room for ${Math.ceil(bytes / 2 ** 20)} MB more. Use smaller batches or images.`,
  );

/**
 * Runs kernels on the calling thread in the memory of tfjs' wasm backend itself. Nothing is copied in or out: for what
 * memory bounds, that is worth more than threads.
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
   * An engine over a heap, or undefined where its memory is out of reach, or of another kind than the module imports:
   * shared, say.
   */
  static over(heap: Heap, module: WebAssembly.Module): HeapEngine | undefined {
    const memory = heap.asm?.memory;
    if (!(memory instanceof WebAssembly.Memory)) return undefined;
    try {
      return new HeapEngine(heap, memory, new WebAssembly.Instance(module, { env: { memory } }));
    } catch (error) {
      if (error instanceof WebAssembly.LinkError) return undefined;
      throw error;
    }
  }

  /** Whether vectors may read past a block that ends there. */
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

  /** Leaves a block to the caller: `reset` won't free it. */
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

  /** Frees what it holds. */
  dispose(): void {
    this.reset();
    this.heap._free(this.descriptor);
    this.heap._free(this.scratch);
  }

  private malloc(bytes: number): Pointer {
    // Above 2 GiB the number comes back negative.
    const at = bytes > MOST_BYTES ? 0 : this.heap._malloc(bytes) >>> 0;
    if (at === 0) throw noRoom(bytes);
    return at;
  }
}
