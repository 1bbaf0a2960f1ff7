import type { Engine, Pointer } from '../engine/index.js';
import type { WasmBackend } from './wasm-tensors.js';

interface Packed {
  readonly pointer: Pointer;
  readonly floats: number;
}

/** Packed forms of one tensor by layout. `undefined`: the tensor was seen once and is not packed yet. */
type Layouts = Map<string, Packed | undefined>;

/**
 * Weights packed for the kernels, kept as long as their data lives. The values behind a dataId never change (assigning
 * a variable gives it another dataId), except by our in-place kernels, which call `forget`. Weights in training change
 * at every step, so packed weights are kept only from the second use of the same data on.
 */
export class PackedWeights {
  private readonly layouts = new Map<object, Layouts>();
  private readonly restore = new Map<WasmBackend, () => void>();
  private renewals = 0;

  constructor(private readonly engine: Engine) {}

  /**
   * Returns packed weights, either kept or freshly packed. Fresh ones are void after the next reset of the arena.
   *
   * @param layout name of the layout; different results of `pack` need different names
   * @param pack writes `floats` values to the pointer; may use the arena
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

  /** Drops the packed forms of a tensor's data. */
  forget(dataId: object): void {
    this.dropLost();
    for (const packed of this.layouts.get(dataId)?.values() ?? [])
      if (packed) this.engine.release(packed.pointer, packed.floats);
    this.layouts.delete(dataId);
  }

  /** Drops all packed forms, and restores the backends that it watches. */
  dispose(): void {
    for (const dataId of [...this.layouts.keys()]) this.forget(dataId);
    for (const restore of this.restore.values()) restore();
    this.restore.clear();
  }

  /** Drops packed forms in memory that the engine has since replaced. */
  private dropLost(): void {
    if (this.renewals === this.engine.renewals) return;
    this.renewals = this.engine.renewals;
    this.layouts.clear();
  }

  /** Forgets a dataId as soon as the backend disposes of it. A FinalizationRegistry would tell too late. */
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
