import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Heaps } from '../src/adapter/heaps.js';
import type { WasmBackend } from '../src/adapter/wasm-tensors.js';
import { type Heap, HeapEngine } from '../src/engine/heap-engine.js';
import { compileKernels } from '../src/engine/module.js';
import { type Acceleration, accelerate } from '../src/index.js';
import { Random } from './random.js';

let module: WebAssembly.Module;
beforeAll(async () => {
  await tf.setBackend('wasm');
  module = (await compileKernels(false))!.module;
});

/** Makes a heap that hands out ascending addresses until it is full, and records the blocks that were not freed. */
function fakeHeap(memory: unknown = new WebAssembly.Memory({ initial: 40, maximum: 40 })) {
  const held = new Set<number>();
  let top = 64;
  const heap: Heap = {
    asm: { memory },
    _malloc(bytes) {
      if (top + bytes > 40 * 65536) return 0;
      const at = top;
      top += bytes;
      held.add(at);
      return at;
    },
    _free(pointer) {
      if (!held.delete(pointer)) throw new Error(`freed twice: ${pointer}`);
    },
  };
  return { heap, held };
}

describe('the engine in a heap', () => {
  it('frees what it was not asked to leave', () => {
    const { heap, held } = fakeHeap();
    const engine = HeapEngine.over(heap, module)!;
    const own = held.size;
    const left = engine.alloc(10);
    engine.put(Float32Array.of(1, 2));
    expect(held.size).toBe(own + 2);
    engine.release(left);
    engine.reset();
    engine.dispose();
    expect([...held]).toEqual([left]);
  });

  it('writes nothing as it starts: the module has no data of its own', () => {
    const memory = new WebAssembly.Memory({ initial: 40, maximum: 40 });
    new Uint8Array(memory.buffer).fill(0xa5);
    HeapEngine.over(fakeHeap(memory).heap, module);
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0xa5)).toBe(true);
  });

  it('is none where the memory is out of reach, or shared', () => {
    expect(HeapEngine.over({ ...fakeHeap().heap, asm: undefined as never }, module)).toBeUndefined();
    const shared = new WebAssembly.Memory({ initial: 40, maximum: 40, shared: true });
    expect(HeapEngine.over(fakeHeap(shared).heap, module)).toBeUndefined();
  });

  it('says that the heap is full', () => {
    const engine = HeapEngine.over(fakeHeap().heap, module)!;
    expect(() => engine.alloc(2 ** 20)).toThrow(/no room for 5 MB more/);
  });

  it('lets no vector read past the end of the memory', () => {
    const engine = HeapEngine.over(fakeHeap().heap, module)!;
    expect(engine.hasSlackAt(40 * 65536)).toBe(false);
    expect(engine.hasSlackAt(39 * 65536)).toBe(true);
  });

  it('copies a tensor that ends where the memory does, though the copy makes the memory grow', () => {
    const memory = new WebAssembly.Memory({ initial: 40, maximum: 60 });
    const { heap } = fakeHeap(memory);
    const backend = {
      wasm: {
        ...heap,
        _malloc(bytes: number) {
          memory.grow(1);
          return heap._malloc(bytes);
        },
        get HEAPU8() {
          return new Uint8Array(memory.buffer);
        },
      },
      dataIdMap: {},
    } as unknown as WasmBackend;
    const heaps = new Heaps(module);
    const { engine, tensors } = heaps.of(backend)!;
    const end = memory.buffer.byteLength - 12;
    backend.dataIdMap.get = () => ({ memoryOffset: end });
    const tensor = { dataId: {}, shape: [3], dtype: 'float32' as const };
    tensors.values(tensor).set([1, 2, 3]);
    const at = tensors.put(tensor);
    expect(at).not.toBe(end);
    expect([...engine.view(at, 3)]).toEqual([1, 2, 3]);
  });

  it('may be disposed of after its backend', () => {
    const { heap } = fakeHeap();
    const backend = { wasm: heap } as { wasm: Heap | null };
    const heaps = new Heaps(module);
    expect(heaps.of(backend as WasmBackend)).toBeDefined();
    backend.wasm = null;
    heaps.dispose();
  });
});

describe("in tfjs' own heap", () => {
  let acceleration: Acceleration;
  afterEach(() => acceleration.dispose());

  it('a thousand steps leave it as large as ten', async () => {
    acceleration = await accelerate({ threads: 1 });
    const random = new Random(1);
    const { values, shape } = random.normal([2, 8, 8, 16]);
    const [x, ones] = [tf.tensor(values, [...shape]), tf.ones([16])];
    const bytes = () => (tf.backend() as unknown as WasmBackend).wasm.HEAPU8.length;
    const attrs = { eps: 1e-5, activation: 'relu' };
    const step = () =>
      tf.tidy(() => {
        const inputs = { x, weight: ones, bias: ones };
        const results = tf.engine().runKernel('CnnzooBatchNorm', inputs, attrs) as unknown as tf.Tensor[];
        const [y, mean, variance] = results as [tf.Tensor, tf.Tensor, tf.Tensor];
        tf.engine().runKernel('CnnzooBatchNormGrad', { dy: x, x, y, weight: ones, mean, variance }, attrs);
        const pooled = tf.maxPool(y as tf.Tensor4D, 3, 2, 'same');
        tf.mean(pooled, [1, 2]);
      });
    for (let i = 0; i < 10; i++) step();
    const [before, tensors] = [bytes(), tf.memory().numTensors];
    for (let i = 0; i < 1000; i++) step();
    expect(bytes()).toBe(before);
    expect(tf.memory().numTensors).toBe(tensors);
    tf.dispose([x, ones]);
  });
});
