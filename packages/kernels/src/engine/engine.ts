import { Header, type Op } from '../../assembly/ops.js';
import { KernelError } from '../errors.js';
import { DESCRIPTOR_AT, DESCRIPTOR_WORDS, SCRATCH_AT, SCRATCH_BYTES } from './control.js';
import { KernelMemory, type Pointer } from './memory.js';
import { compileKernels } from './module.js';
import { canShareMemory } from './platform.js';
import { Team } from './team.js';

export type { Pointer } from './memory.js';

/** Runs kernels on all of its threads, over a memory of its own. */
export interface Engine {
  readonly threads: number;
  /** Whether it multiplies and adds in one rounding. */
  readonly relaxed: boolean;
  /** Bytes of memory that it holds. */
  readonly bytes: number;
  /** Bytes in blocks that stay. */
  readonly keptBytes: number;
  /** How often the memory was replaced, with its blocks, since a helper thread was lost. */
  readonly renewals: number;
  /** Gives up the arena, and after the loss of a helper thread the memory: every pointer of `alloc`, `put` and `putWords` is void. */
  reset(): void;
  /** A block of the arena, at a multiple of 64 bytes; vector loads may read past its end. Its contents are undefined. */
  alloc(floats: number): Pointer;
  /** `alloc` and a copy of the values. */
  put(values: Float32Array): Pointer;
  /** `alloc` and a copy of the integers. */
  putWords(values: readonly number[]): Pointer;
  /** Copies out, as many values as `into` holds. */
  get(pointer: Pointer, into: Float32Array): void;
  /** The values at a pointer, until the next `alloc`, `put`, `putWords` or `keep`. */
  view(pointer: Pointer, floats: number): Float32Array;
  /** A block that outlives `reset`, until `release`. Resets the arena. */
  keep(floats: number): Pointer;
  /** Gives up a block of `keep`. */
  release(pointer: Pointer, floats: number): void;
  /** Runs tasks 0 to `tasks` - 1 of an op on all threads and returns when they are done. `words`: see `fields`. */
  dispatch(op: Op, tasks: number, words: readonly number[]): void;
  /** Ends the helper threads. The engine can't be used any more. */
  dispose(): void;
}

class ThreadedEngine implements Engine {
  renewals = 0;
  private memory!: KernelMemory;
  private team!: Team;
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

  put(values: Float32Array): Pointer {
    const at = this.memory.alloc(values.length);
    this.memory.floats.set(values, at / 4);
    return at;
  }

  putWords(values: readonly number[]): Pointer {
    const at = this.memory.alloc(values.length);
    this.memory.ints.set(values, at / 4);
    return at;
  }

  get(pointer: Pointer, into: Float32Array): void {
    into.set(this.view(pointer, into.length));
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

  private begin(): void {
    this.memory = new KernelMemory(SCRATCH_AT + this.count * SCRATCH_BYTES, this.shared);
    this.team = new Team(this.memory.memory, this.module);
  }

  /**
   * Begins anew on other memory, into which no thread of the old team can write. The calling thread computes alone until
   * the new helpers are ready; without those that do not start.
   */
  private renew(): void {
    this.team.dispose(true);
    this.begin();
    this.renewals++;
    this.team.recruit(this.count).catch(() => undefined);
  }
}

/**
 * Starts an engine of as many threads, or of one where threads can't share memory.
 *
 * @throws {KernelError} where WebAssembly has no SIMD, or a helper thread does not start.
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
