import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Op } from '../assembly/ops.js';
import { ProbeField } from '../assembly/probe-fields.js';
import { fields } from '../src/engine/dispatch.js';
import { createEngine, type Engine } from '../src/engine/engine.js';

describe.each([1, 2, 3])('an engine of %i threads', (threads) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(threads);
  });
  afterAll(() => engine.dispose());

  const probe = (tasks: number, trap = -1): number[] => {
    engine.reset();
    const output = engine.alloc(tasks);
    engine.dispatch(Op.Probe, tasks, fields(ProbeField, { output, trap }));
    return [...new Int32Array(engine.view(output, tasks).slice().buffer)];
  };

  it('runs every task once, however often', () => {
    expect(engine.threads).toBe(threads);
    for (let round = 0; round < 200; round++) {
      const tasks = (round * 7) % 50;
      expect(probe(tasks)).toEqual([...Array(tasks).keys()]);
    }
  });

  it('wakes threads that sleep', async () => {
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(probe(64)).toEqual([...Array(64).keys()]);
    }
  });

  it('throws what a thread throws, and works on', () => {
    for (let round = 0; round < 20; round++) {
      expect(() => probe(40, round)).toThrow(/unreachable/);
      expect(probe(40)).toEqual([...Array(40).keys()]);
    }
  });

  it('keeps blocks over resets, and takes their memory back', () => {
    const before = engine.keptBytes;
    const block = engine.keep(1000);
    engine.view(block, 1000).fill(7);
    engine.reset();
    const other = engine.alloc(1000);
    expect(other).toBeGreaterThan(block);
    engine.view(other, 1000).fill(1);
    expect(engine.view(block, 1000).every((value) => value === 7)).toBe(true);
    engine.release(block, 1000);
    expect(engine.keptBytes).toBe(before);
  });
});
