import type { Engine, Pointer } from '../engine/index.js';
import type { WasmBackend } from './wasm-tensors.js';

interface Packed {
  readonly pointer: Pointer;
  readonly floats: number;
}

/** What is kept of a tensor, by the layout it was packed in. `undefined`: seen once, not packed yet. */
type Layouts = Map<string, Packed | undefined>;

/**
 * Weights packed for the kernels, kept as long as their data. The values behind a dataId never change (a variable that
 * is assigned gets another one), save where a kernel of ours changes them in place and calls `forget`. Weights in
 * training are new at every step: what is packed stays from the second time on that the same data is seen.
 */
export class PackedWeights {
  private readonly layouts = new Map<object, Layouts>();
  private readonly restore = new Map<WasmBackend, () => void>();
  private renewals = 0;

  constructor(private readonly engine: Engine) {}

  /**
   * The packed weights: kept ones, or what `pack` makes, which is void after the next reset of the arena.
   *
   * @param layout names how `pack` lays them out, different for different results.
   * @param pack writes `floats` values to the pointer; may use the arena.
   */
  get(backend: WasmBackend, dataId: object, layout: string, floats: number, pack: (into: Pointer) => void): Pointer {
    this.dropLost();
    const layouts = this.layouts.get(dataId) ?? new Map<string, Packed>();
    const kept = layouts.get(layout);
    if (kept) return kept.pointer;
    if (!layouts.has(layout)) {
      this.watch(backend);
      this.layouts.set(dataId, layouts.set(layout, undefined));
      const pointer = this.engine.alloc(floats);
      pack(pointer);
      return pointer;
    }
    const pointer = this.engine.keep(floats);
    try {
      pack(pointer);
    } catch (error) {
      this.engine.release(pointer, floats);
      throw error;
    }
    layouts.set(layout, { pointer, floats });
    return pointer;
  }

  /** Gives up what is kept of a tensor's data. */
  forget(dataId: object): void {
    this.dropLost();
    for (const packed of this.layouts.get(dataId)?.values() ?? [])
      if (packed) this.engine.release(packed.pointer, packed.floats);
    this.layouts.delete(dataId);
  }

  /** Gives up everything, and leaves the backends as they were. */
  dispose(): void {
    for (const dataId of [...this.layouts.keys()]) this.forget(dataId);
    for (const restore of this.restore.values()) restore();
    this.restore.clear();
  }

  /** Drops what lay in memory that the engine has replaced since. */
  private dropLost(): void {
    if (this.renewals === this.engine.renewals) return;
    this.renewals = this.engine.renewals;
    this.layouts.clear();
  }

  /** A dataId that the backend disposes of is forgotten at once: a garbage collector's word would come late. */
  private watch(backend: WasmBackend): void {
    if (this.restore.has(backend)) return;
    const disposeData = backend.disposeData;
    const watching = (dataId: object, force?: boolean): boolean => {
      const gone = disposeData.call(backend, dataId, force);
      if (gone) this.forget(dataId);
      return gone;
    };
    const own = Object.hasOwn(backend, 'disposeData');
    backend.disposeData = watching;
    this.restore.set(backend, () => {
      if (backend.disposeData !== watching) return;
      if (own) backend.disposeData = disposeData;
      else delete (backend as Partial<WasmBackend>).disposeData;
    });
  }
}
