import { KernelError } from '../errors.js';
import { Control, DESCRIPTOR_AT, ERROR_AT, SCRATCH_AT, SCRATCH_BYTES, STOP, Turn, turnOf } from './control.js';
import { canSleep, type Helper, startHelper } from './platform.js';

/** Spins of a thread that waits for work, or for its end, before it sleeps: about 50 microseconds. */
const SPIN = 20_000;

/** Milliseconds after which a thread that waits for a helper checks whether the helper lives. */
const TICK = 100;

/** Milliseconds that the calling thread waits for a helper: for one known to live, and for one in an unknown state. */
const LIMIT = { alive: 120_000, unknown: 30_000 } as const;

interface Member {
  readonly helper: Helper;
  /** Index of the control word of the helper's turn. */
  readonly turn: number;
}

/** Calling thread and its helpers, which run the same descriptor together. */
export class Team {
  private readonly control: Int32Array;
  private readonly run: (descriptor: number, scratch: number) => void;
  private readonly maySleep = canSleep();
  private readonly members: Member[] = [];
  private generation = 0;
  private recruits = 0;
  private disposed = false;
  private lost = false;

  /** Creates a team of the calling thread alone. */
  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly module: WebAssembly.Module,
  ) {
    this.control = new Int32Array(memory.buffer, 0, SCRATCH_AT / 4);
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    this.run = instance.exports.run as typeof this.run;
  }

  get threads(): number {
    return this.members.length + 1;
  }

  /** True if a helper has ended or does not answer. Another team with other memory is then needed. */
  get isBroken(): boolean {
    return this.lost;
  }

  /**
   * Starts helpers, up to `threads` threads with the calling one. Each takes part as soon as it is ready.
   *
   * @throws {KernelError} if a helper does not start
   */
  async recruit(threads: number): Promise<void> {
    this.recruits = threads - 1;
    const starting = Array.from({ length: threads - 1 }, (_, index) => this.start(index));
    const failed = (await Promise.allSettled(starting)).find((each) => each.status === 'rejected');
    if (failed)
      throw new KernelError(`${threads} threads were asked for, but a helper thread did not start.`, {
        cause: failed.reason,
      });
  }

  private async start(index: number): Promise<void> {
    const turn = turnOf(index);
    const data = {
      module: this.module,
      memory: this.memory,
      scratch: SCRATCH_AT + (index + 1) * SCRATCH_BYTES,
      spin: SPIN,
      turn,
      lock: `cnnzoo-kernels ${Math.random()}`,
    };
    const helper = await startHelper(data, () => {
      this.lost = true;
    });
    if (this.disposed) helper.terminate();
    else this.members.push({ helper, turn });
  }

  /** Runs all tasks of the descriptor, on the calling thread alone or on all threads. */
  execute(alone: boolean): void {
    const { control, members } = this;
    if (alone || members.length === 0) {
      this.run(DESCRIPTOR_AT, SCRATCH_AT);
      return;
    }
    for (const { turn } of members) Atomics.store(control, turn, Turn.open);
    this.generation = (this.generation + 1) & 0x7fffffff;
    Atomics.store(control, Control.generation, this.generation);
    Atomics.notify(control, Control.generation);
    try {
      this.run(DESCRIPTOR_AT, SCRATCH_AT);
    } finally {
      this.join();
    }
    this.rethrow();
  }

  /** Ends the helpers: by asking them, or with `atOnce` by force, which ends those that do not answer too. */
  dispose(atOnce = false): void {
    this.disposed = true;
    // Memory that is not shared moves when it grows, and the control words with it.
    if (this.recruits > 0) {
      Atomics.store(this.control, Control.generation, STOP);
      Atomics.notify(this.control, Control.generation);
    }
    if (atOnce) for (const { helper } of this.members) helper.terminate();
  }

  /** Ends the turns that were not taken, and waits for the helpers at work. */
  private join(): void {
    const { control, members } = this;
    const busy = members.filter(
      ({ turn }) => Atomics.compareExchange(control, turn, Turn.open, Turn.over) === Turn.taken,
    );
    for (const member of busy) this.waitFor(member);
  }

  private waitFor({ helper, turn }: Member): void {
    const { control } = this;
    for (let i = 0; i < SPIN; i++) if (Atomics.load(control, turn) !== Turn.taken) return;
    for (let waited = 0; Atomics.load(control, turn) === Turn.taken; waited += TICK) {
      const alive = helper.isAlive();
      const isOver = alive === false || waited > (alive ? LIMIT.alive : LIMIT.unknown);
      // A helper may have finished its turn before it ended: then its work counts.
      if (isOver && Atomics.load(control, turn) === Turn.taken) {
        this.lost = true;
        throw new KernelError(
          'A helper thread ended, or no longer answers, in the middle of its work: this call has no result. ' +
            'Call again: the next call starts new threads.',
        );
      }
      this.pause(turn);
    }
  }

  /** Waits until a turn is over, or for one tick. */
  private pause(turn: number): void {
    const { control, maySleep } = this;
    if (maySleep) {
      Atomics.wait(control, turn, Turn.taken, TICK);
      return;
    }
    const end = performance.now() + TICK;
    while (Atomics.load(control, turn) === Turn.taken && performance.now() < end);
  }

  private rethrow(): void {
    const { control, memory } = this;
    if (Atomics.exchange(control, Control.failed, 0) === 0) return;
    const text = new Uint8Array(memory.buffer, ERROR_AT, Atomics.load(control, Control.errorLength));
    // TextDecoder refuses shared memory, hence the copy.
    throw new KernelError(`A helper thread failed: ${new TextDecoder().decode(text.slice())}`);
  }
}
