import { KernelError } from '../errors.js';

/** Address in the kernels' memory, in bytes. */
export type Pointer = number;

const PAGE = 65536;
const ALIGNMENT = 64;
/** Bytes past the end of a block that vector loads may read. */
const SLACK = 256;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
const blockBytes = (floats: number): number => aligned(4 * floats + SLACK);

/** Creates a memory with the largest maximum that the platform will reserve. */
function create(bytes: number, shared: boolean): WebAssembly.Memory {
  const initial = Math.ceil(bytes / PAGE);
  for (let maximum = 65536; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial, maximum, shared });
    } catch (cause) {
      if (maximum <= 1024) throw new KernelError('No memory could be reserved for the kernels.', { cause });
    }
  }
}

/**
 * Memory of the kernels. From low to high addresses: a fixed part (control words, scratch memory), blocks that stay
 * (packed weights), and the arena, whose blocks are freed all at once.
 */
export class KernelMemory {
  readonly memory: WebAssembly.Memory;
  floats!: Float32Array;
  ints!: Int32Array;
  /** End of the blocks that stay, and start of the arena. */
  private kept: Pointer;
  private top: Pointer;
  /** Freed blocks among those that stay, by address. */
  private holes: { at: Pointer; bytes: number }[] = [];

  constructor(
    private readonly fixedBytes: number,
    shared: boolean,
  ) {
    this.kept = this.top = aligned(fixedBytes);
    this.memory = create(this.top + SLACK, shared);
    this.makeViews();
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Bytes in blocks that stay. */
  get keptBytes(): number {
    return this.kept - aligned(this.fixedBytes) - this.holes.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Empties the arena. Freed blocks just below it become part of it. */
  reset(): void {
    const last = this.holes.at(-1);
    if (last && last.at + last.bytes === this.kept) {
      this.kept = last.at;
      this.holes.pop();
    }
    this.top = this.kept;
  }

  /** Allocates a block of the arena with undefined contents. It is void after `reset`. */
  alloc(floats: number): Pointer {
    const at = this.top;
    this.grow(at + blockBytes(floats));
    this.top = at + blockBytes(floats);
    return at;
  }

  /** Allocates a block that stays until `release`. Empties the arena. */
  allocKept(floats: number): Pointer {
    this.reset();
    const bytes = blockBytes(floats);
    const fitting = this.holes.findIndex((hole) => hole.bytes >= bytes);
    if (fitting >= 0) {
      const hole = this.holes[fitting]!;
      const { at } = hole;
      hole.at += bytes;
      hole.bytes -= bytes;
      if (hole.bytes === 0) this.holes.splice(fitting, 1);
      return at;
    }
    const at = this.kept;
    this.grow(at + bytes);
    this.kept = this.top = at + bytes;
    return at;
  }

  /** Frees a block of `allocKept`, given the number of floats it was allocated with. May be called at any time. */
  release(at: Pointer, floats: number): void {
    const hole = { at, bytes: blockBytes(floats) };
    this.holes.push(hole);
    this.holes.sort((a, b) => a.at - b.at);
    this.holes = this.holes.reduce<typeof this.holes>((merged, next) => {
      const last = merged.at(-1);
      if (last && last.at + last.bytes === next.at) last.bytes += next.bytes;
      else merged.push(next);
      return merged;
    }, []);
  }

  private makeViews(): void {
    this.floats = new Float32Array(this.memory.buffer);
    this.ints = new Int32Array(this.memory.buffer);
  }

  private grow(end: Pointer): void {
    const missing = end + SLACK - this.bytes;
    if (missing <= 0) return;
    try {
      this.memory.grow(Math.ceil(missing / PAGE));
    } catch (cause) {
      const mb = (bytes: number) => Math.ceil(bytes / 2 ** 20);
      throw new KernelError(
        `A layer needs ${mb(end)} MB of memory for its kernels, but only ${mb(this.bytes)} MB were granted. ` +
          'Use smaller batches or images, or give the process more memory.',
        { cause },
      );
    }
    this.makeViews();
  }
}
