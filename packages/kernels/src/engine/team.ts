import { KernelError } from '../errors.js';
import { Control, DESCRIPTOR_AT, ERROR_AT, type HelperData, SCRATCH_AT, SCRATCH_BYTES, STOP } from './control.js';
import { canSleep, type Helper, startHelper } from './platform.js';

/** How often a thread looks for work, or for the end of it, before it sleeps: about 50 microseconds. */
const SPIN = 20_000;

/** The calling thread and its helpers, which run the same descriptor together. */
export class Team {
  private readonly control: Int32Array;
  private readonly run: (descriptor: number, scratch: number) => void;
  private readonly maySleep: boolean;
  private generation = 0;

  private constructor(
    private readonly memory: WebAssembly.Memory,
    module: WebAssembly.Module,
    private readonly helpers: readonly Helper[],
  ) {
    this.control = new Int32Array(memory.buffer, 0, DESCRIPTOR_AT / 4);
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    this.run = instance.exports.run as typeof this.run;
    this.maySleep = helpers.length > 0 && canSleep();
  }

  static async start(module: WebAssembly.Module, memory: WebAssembly.Memory, threads: number): Promise<Team> {
    const data = (thread: number): HelperData => ({
      module,
      memory,
      scratch: SCRATCH_AT + thread * SCRATCH_BYTES,
      spin: SPIN,
    });
    const starting = Array.from({ length: threads - 1 }, (_, index) => startHelper(data(index + 1)));
    const started = await Promise.allSettled(starting);
    const helpers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const failed = started.find((each) => each.status === 'rejected');
    if (failed) {
      for (const helper of helpers) helper.terminate();
      throw new KernelError(`${threads} threads were asked for, but a helper thread did not start.`, {
        cause: failed.reason,
      });
    }
    return new Team(memory, module, helpers);
  }

  get threads(): number {
    return this.helpers.length + 1;
  }

  /** Runs the descriptor to its end: on the calling thread alone, or on all. */
  execute(alone: boolean): void {
    const { control, helpers } = this;
    if (alone || helpers.length === 0) {
      this.run(DESCRIPTOR_AT, SCRATCH_AT);
      return;
    }
    Atomics.store(control, Control.finished, 0);
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

  /** Ends the helpers. */
  dispose(): void {
    // Memory that is not shared has moved if it grew, and the control words with it.
    if (this.helpers.length === 0) return;
    Atomics.store(this.control, Control.generation, STOP);
    Atomics.notify(this.control, Control.generation);
  }

  private join(): void {
    const { control, helpers, maySleep } = this;
    let finished = Atomics.load(control, Control.finished);
    for (let i = 0; finished < helpers.length && (i < SPIN || !maySleep); i++)
      finished = Atomics.load(control, Control.finished);
    while (finished < helpers.length) {
      Atomics.wait(control, Control.finished, finished);
      finished = Atomics.load(control, Control.finished);
    }
  }

  private rethrow(): void {
    const { control, memory } = this;
    if (Atomics.exchange(control, Control.failed, 0) === 0) return;
    const text = new Uint8Array(memory.buffer, ERROR_AT, Atomics.load(control, Control.errorLength));
    // A copy: TextDecoder refuses shared memory.
    throw new KernelError(`A helper thread failed: ${new TextDecoder().decode(text.slice())}`);
  }
}
