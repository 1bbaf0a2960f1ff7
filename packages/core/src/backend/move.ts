import { type DataId, engine, type KernelBackend, setBackend } from '@tensorflow/tfjs-core';
import { dropConstants } from './constants.js';
import { type GpuGuard, guardOf, type Values } from './gpu.js';

/**
 * Makes a backend that has started the current one. What lies on a GPU moves there: left to itself, tfjs would read it
 * synchronously with the next kernel, which a GPU can't do. Work that goes on meanwhile may make more tensors, so they
 * are read until none is left; then all move and the backend changes, in one tick.
 */
export async function switchTo(name: string): Promise<void> {
  const { registry } = engine();
  const to = registry[name]!;
  const sources = Object.values(registry).filter((each) => each !== to && guardOf(each) && !guardOf(each)!.isLost);
  for (const from of sources) dropConstants(from);
  const moves = sources.map((from) => new Move(from, to, guardOf(from)!));
  const change = (async () => {
    while (moves.some((move) => move.isIncomplete)) await Promise.all(moves.map((move) => move.read()));
    for (const move of moves) move.finish();
    // Synchronous, since the backend has started.
    void setBackend(name);
  })();
  for (const from of sources) guardOf(from)!.holdReads(change);
  await change;
}

/** Data on their way from one backend to another. */
class Move {
  private readonly values = new Map<DataId, Values>();

  constructor(
    private readonly from: KernelBackend,
    private readonly to: KernelBackend,
    private readonly guard: GpuGuard,
  ) {}

  /** Data of tensors. Others belong to kernels, which dispose of them. */
  private get ids(): DataId[] {
    const { tensorInfo } = engine().state;
    return [...this.guard.held].filter((id) => tensorInfo.get(id)?.backend === this.from);
  }

  get isIncomplete(): boolean {
    return !this.guard.isLost && this.ids.some((id) => !this.values.has(id));
  }

  async read(): Promise<void> {
    if (this.guard.isLost) return;
    await Promise.all(
      this.ids
        .filter((id) => !this.values.has(id))
        .map(async (id) => {
          const values = await this.guard.read(id).catch((error: unknown) => {
            if (!this.guard.isLost) throw error;
          });
          if (values) this.values.set(id, values);
        }),
    );
  }

  /** Moves what has been read. Of a GPU that is lost meanwhile, nothing moves. */
  finish(): void {
    if (this.guard.isLost) return;
    for (const id of this.ids) {
      const info = engine().state.tensorInfo.get(id)!;
      const refCount = this.from.refCount(id);
      this.from.disposeData(id, true);
      info.backend = this.to;
      this.to.move(id, this.values.get(id)!, info.shape, info.dtype, refCount);
    }
  }
}
