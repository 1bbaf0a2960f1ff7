import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PackedWeights } from '../src/adapter/packed-weights.js';
import type { WasmBackend } from '../src/adapter/wasm-tensors.js';
import { createEngine, type Engine } from '../src/engine/engine.js';
import { KernelMemory } from '../src/engine/memory.js';
import { KernelError } from '../src/errors.js';
import { Random } from './random.js';

describe('blocks that stay', () => {
  it('never overlap, and take no more memory than the most that stay at once', () => {
    const memory = new KernelMemory(1000, false);
    const random = new Random(1);
    const blocks: { at: number; floats: number; stamp: number }[] = [];
    let bytes = 0;
    for (let step = 0; step < 10_000; step++) {
      if (blocks.length < 8) {
        const floats = random.pick([10, 100, 1000, 5000]);
        const block = { at: memory.allocKept(floats), floats, stamp: step };
        memory.floats.fill(step, block.at / 4, block.at / 4 + floats);
        blocks.push(block);
      } else {
        const [block] = blocks.splice(random.integer(0, blocks.length - 1), 1);
        const values = memory.floats.subarray(block!.at / 4, block!.at / 4 + block!.floats);
        expect(values.every((value) => value === block!.stamp)).toBe(true);
        memory.release(block!.at, block!.floats);
      }
      const arena = memory.alloc(2000);
      expect(blocks.every(({ at, floats }) => at + 4 * floats <= arena)).toBe(true);
      memory.reset();
      if (step === 2000) bytes = memory.bytes;
    }
    expect(memory.bytes).toBeLessThanOrEqual(1.25 * bytes);
    for (const { at, floats } of blocks) memory.release(at, floats);
    memory.reset();
    expect(memory.keptBytes).toBe(0);
  });

  it('say how much is missing where growth is refused', () => {
    const memory = new KernelMemory(1000, false);
    const before = memory.bytes;
    expect(() => memory.alloc(2 ** 30)).toThrow(KernelError);
    expect(() => memory.alloc(2 ** 30)).toThrow(/needs 4097 MB.*only 1 MB were granted/);
    expect(memory.bytes).toBe(before);
    memory.alloc(1000);
  });
});

describe('packed weights', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(1);
  });
  afterAll(() => engine.dispose());

  /** Makes a backend that drops its data as soon as nobody refers to it. */
  const backendOf = (): WasmBackend => ({ disposeData: () => true }) as unknown as WasmBackend;

  it('are packed at each sight until the second, then kept until their data is disposed of', () => {
    const weights = new PackedWeights(engine);
    const backend = backendOf();
    const [dataId, other] = [{}, {}];
    const packed: number[] = [];
    const get = (id: object, layout = 'a', value = 1) => {
      engine.reset();
      return weights.get(backend, id, layout, 100, (into) => {
        packed.push(into);
        engine.view(into, 100).fill(value);
      });
    };
    get(dataId);
    expect(engine.keptBytes).toBe(0);
    const kept = get(dataId);
    expect(packed.length).toBe(2);
    expect(get(dataId)).toBe(kept);
    expect(packed.length).toBe(2);
    get(dataId, 'b', 2);
    get(dataId, 'b', 2);
    get(other);
    expect(engine.view(kept, 100).every((value) => value === 1)).toBe(true);
    expect(engine.keptBytes).toBeGreaterThan(800);
    backend.disposeData(dataId);
    expect(engine.keptBytes).toBe(0);
    get(dataId);
    expect(packed.length).toBe(6);
    weights.dispose();
  });

  it('stay where the backend keeps the data', () => {
    const weights = new PackedWeights(engine);
    const backend = { disposeData: () => false } as unknown as WasmBackend;
    const dataId = {};
    const get = () => weights.get(backend, dataId, 'a', 100, () => {});
    get();
    const kept = get();
    backend.disposeData(dataId);
    expect(get()).toBe(kept);
    weights.dispose();
    expect(engine.keptBytes).toBe(0);
  });

  it('leave the backend as it was', () => {
    const weights = new PackedWeights(engine);
    const backend = backendOf();
    const { disposeData } = backend;
    weights.get(backend, {}, 'a', 10, () => {});
    expect(backend.disposeData).not.toBe(disposeData);
    weights.dispose();
    expect(backend.disposeData).toBe(disposeData);
  });

  it('are flat over 10,000 steps, each with weights of its own', () => {
    const weights = new PackedWeights(engine);
    const backend = backendOf();
    let bytes = 0;
    for (let step = 0; step < 10_000; step++) {
      const dataId = {};
      for (let use = 0; use < 3; use++) {
        engine.reset();
        weights.get(backend, dataId, 'a', 5000 + (step % 7) * 100, () => {});
        engine.alloc(20_000);
      }
      backend.disposeData(dataId);
      if (step === 10) bytes = engine.bytes;
    }
    expect(engine.bytes).toBe(bytes);
    weights.dispose();
    engine.reset();
    expect(engine.keptBytes).toBe(0);
  });
});
