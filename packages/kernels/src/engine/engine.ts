import { Header, type Op } from '../../assembly/ops.js';
import { KernelError } from '../errors.js';
import { type Bridge, bridgeBetween } from './bridge.js';
import { DESCRIPTOR_AT, DESCRIPTOR_WORDS, SCRATCH_AT, SCRATCH_BYTES } from './control.js';
import { KernelMemory, type Pointer } from './memory.js';
import { compileKernels } from './module.js';
import { canShareMemory } from './platform.js';
import { Team } from './team.js';

export type { Pointer } from './memory.js';

/** Runs kernels on several threads over a memory of its own. */
export interface Engine {
  readonly threads: number;
  /** True if a multiplication and an addition round once. */
  readonly relaxed: boolean;
  /** Bytes of memory that the engine holds. */
  readonly bytes: number;
  /** Bytes in blocks from `keep`. */
  readonly keptBytes: number;
  /** Number of times the memory and all its blocks were replaced, each after the loss of a helper thread. */
  readonly renewals: number;
  /**
   * Empties the arena, and replaces the memory if a helper thread was lost. Pointers of `alloc`, `put` and `putWords`
   * are void afterwards.
   */
  reset(): void;
  /**
   * Allocates a block of the arena at a multiple of 64 bytes, with undefined contents. Vector loads may read past its
   * end.
   */
  alloc(floats: number): Pointer;
  /** Names another memory, such as tfjs' heap, from and to which values will be copied: that is then faster. */
  attach(other: WebAssembly.Memory): void;
  /** Copies values to an address. */
  write(pointer: Pointer, values: Float32Array): void;
  /** Allocates a block and copies the values into it. */
  put(values: Float32Array): Pointer;
  /** Allocates a block and copies the integers into it. */
  putWords(values: readonly number[]): Pointer;
  /** Copies as many values as `into` holds out of the memory. */
  get(pointer: Pointer, into: Float32Array): void;
  /** Returns a view of values, valid until the next `alloc`, `put`, `putWords` or `keep`. */
  view(pointer: Pointer, floats: number): Float32Array;
  /** Allocates a block that outlives `reset`, until `release`. Empties the arena. */
  keep(floats: number): Pointer;
  /** Frees a block of `keep`. */
  release(pointer: Pointer, floats: number): void;
  /** Runs tasks 0 to `tasks` - 1 of an op on all threads and returns when they are done. `words` come from `fields`. */
  dispatch(op: Op, tasks: number, words: readonly number[]): void;
  /** Ends the helper threads. The engine cannot be used afterwards. */
  dispose(): void;
}

class ThreadedEngine implements Engine {
  renewals = 0;
  private memory!: KernelMemory;
  private team!: Team;
  private attached: { readonly memory: WebAssembly.Memory; readonly bridge: Bridge | undefined } | undefined;
  private disposed = false;

  constructor(
    private readonly module: WebAssembly.Module,
    private readonly count: number,
    private readonly shared: boolean,
    readonly relaxed: boolean,
  ) {
    this.begin();
  }

  /** Starts the helper threads. */
  async start(): Promise<void> {
    try {
      await this.team.recruit(this.count);
    } catch (error) {
      this.team.dispose(true);
      throw error;
    }
  }

  get threads(): number {
    return this.team.threads;
  }

  get bytes(): number {
    return this.memory.bytes;
  }

  get keptBytes(): number {
    return this.memory.keptBytes;
  }

  reset(): void {
    if (this.team.isBroken && !this.disposed) this.renew();
    this.memory.reset();
  }

  alloc(floats: number): Pointer {
    return this.memory.alloc(floats);
  }

  attach(other: WebAssembly.Memory): void {
    if (this.attached?.memory !== other)
      this.attached = { memory: other, bridge: bridgeBetween(this.memory.memory, other) };
  }

  write(pointer: Pointer, values: Float32Array): void {
    const bridge = this.bridgeFor(values);
    if (bridge) bridge.in(pointer, values.byteOffset, values.byteLength);
    else this.memory.floats.set(values, pointer / 4);
  }

  put(values: Float32Array): Pointer {
    const at = this.memory.alloc(values.length);
    this.write(at, values);
    return at;
  }

  putWords(values: readonly number[]): Pointer {
    const at = this.memory.alloc(values.length);
    this.memory.ints.set(values, at / 4);
    return at;
  }

  get(pointer: Pointer, into: Float32Array): void {
    const bridge = this.bridgeFor(into);
    if (bridge) bridge.out(into.byteOffset, pointer, into.byteLength);
    else into.set(this.view(pointer, into.length));
  }

  view(pointer: Pointer, floats: number): Float32Array {
    return this.memory.floats.subarray(pointer / 4, pointer / 4 + floats);
  }

  keep(floats: number): Pointer {
    return this.memory.allocKept(floats);
  }

  release(pointer: Pointer, floats: number): void {
    this.memory.release(pointer, floats);
  }

  dispatch(op: Op, tasks: number, words: readonly number[]): void {
    if (this.disposed) throw new KernelError('The kernels were disposed. Call accelerate() again.');
    if (words.length > DESCRIPTOR_WORDS - Header.words)
      throw new KernelError(
        `A descriptor holds ${DESCRIPTOR_WORDS - Header.words} words at most, not ${words.length}.`,
      );
    const { ints } = this.memory;
    const at = DESCRIPTOR_AT / 4;
    ints[at + Header.op] = op;
    ints[at + Header.next] = 0;
    ints[at + Header.tasks] = tasks;
    ints.set(words, at + Header.words);
    this.team.execute(tasks < 2);
  }

  dispose(): void {
    this.disposed = true;
    this.team.dispose();
  }

  /** Returns the bridge to the memory that holds the values, if there is one. */
  private bridgeFor({ buffer }: Float32Array): Bridge | undefined {
    return this.attached?.memory.buffer === buffer ? this.attached.bridge : undefined;
  }

  private begin(): void {
    this.attached = undefined;
    this.memory = new KernelMemory(SCRATCH_AT + this.count * SCRATCH_BYTES, this.shared);
    this.team = new Team(this.memory.memory, this.module);
  }

  /**
   * Replaces the memory, so that no thread of the old team can write into it. The calling thread computes alone until
   * new helpers are ready, and continues without helpers that fail to start.
   */
  private renew(): void {
    this.team.dispose(true);
    this.begin();
    this.renewals++;
    this.team.recruit(this.count).catch(() => undefined);
  }
}

/**
 * Starts an engine with a number of threads, or with one if threads cannot share memory.
 *
 * @throws {KernelError} if WebAssembly has no SIMD, or a helper thread does not start
 */
export async function createEngine(threads: number): Promise<Engine> {
  const shared = threads > 1 && canShareMemory();
  const compiled = await compileKernels(shared);
  if (!compiled)
    throw new KernelError('The kernels need WebAssembly with SIMD, which this JavaScript engine does not have.');
  const count = shared ? threads : 1;
  const engine = new ThreadedEngine(compiled.module, count, shared, compiled.relaxed);
  await engine.start();
  return engine;
}
