import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bridgeBetween } from '../src/engine/bridge.js';
import { createEngine, type Engine } from '../src/engine/engine.js';

const memoryOf = (pages: number, shared = false) => new WebAssembly.Memory({ initial: pages, maximum: 65536, shared });

/** Node 20's V8 takes one memory a module: values are then copied by `TypedArray.set`. */
const takesTwo = bridgeBetween(memoryOf(1, true), memoryOf(1)) !== undefined;

describe.skipIf(!takesTwo)('a bridge (needs modules with two memories)', () => {
  it('copies both ways, to the byte, also after both memories grew', () => {
    const [own, other] = [memoryOf(1, true), memoryOf(1)];
    const bridge = bridgeBetween(own, other)!;
    own.grow(2);
    other.grow(2);
    const bytes = (memory: WebAssembly.Memory) => new Uint8Array(memory.buffer);
    bytes(other).set([1, 2, 3, 4, 5], 150_001);
    bridge.in(140_003, 150_002, 3);
    expect([...bytes(own).subarray(140_002, 140_007)]).toEqual([0, 2, 3, 4, 0]);
    bridge.out(7, 140_004, 2);
    expect([...bytes(other).subarray(6, 10)]).toEqual([0, 3, 4, 0]);
  });

  it('does not copy past the end of a memory', () => {
    const bridge = bridgeBetween(memoryOf(1, true), memoryOf(1))!;
    expect(() => bridge.in(65_534, 0, 4)).toThrow(WebAssembly.RuntimeError);
  });

  it('is there for shared memory of ours and unshared memory of others only', () => {
    expect(bridgeBetween(memoryOf(1), memoryOf(1))).toBeUndefined();
    expect(bridgeBetween(memoryOf(1, true), memoryOf(1, true))).toBeUndefined();
  });
});

describe.each([1, 2])('an engine of %i threads', (threads) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(threads);
  });
  afterAll(() => engine.dispose());

  it.each([
    ['no memory', undefined, memoryOf(1)],
    ['the memory of the values', 'same', memoryOf(1)],
    ['another memory', 'other', memoryOf(1)],
    ['a shared memory', 'same', memoryOf(1, true)],
  ])('gets back what was put, with %s attached', (_what, attached, memory) => {
    if (attached) engine.attach(attached === 'same' ? memory : memoryOf(1));
    const values = new Float32Array(memory.buffer, 1024, 1001).map((_, i) => i - 500.5);
    const [from, to] = [new Float32Array(memory.buffer, 1024, 1001), new Float32Array(memory.buffer, 16_384, 1001)];
    from.set(values);
    engine.reset();
    engine.alloc(77);
    const pointer = engine.put(from);
    engine.get(pointer, to);
    expect(to).toEqual(values);
    engine.write(pointer + 40, from.subarray(3, 5));
    expect([...engine.view(pointer, 13)]).toEqual([...values.slice(0, 10), ...values.slice(3, 5), values[12]!]);
  });
});
