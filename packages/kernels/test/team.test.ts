import workerThreads, { type Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Op } from '../assembly/ops.js';
import { ProbeField } from '../assembly/probe-fields.js';
import { PackedWeights } from '../src/adapter/packed-weights.js';
import type { WasmBackend } from '../src/adapter/wasm-tensors.js';
import { fields } from '../src/engine/dispatch.js';
import { createEngine, type Engine } from '../src/engine/engine.js';
import { KernelError } from '../src/errors.js';

/** Word of the kernels' memory by which a test tells the helpers how to fail at their next task. */
const FATE = 300;
const Fate = { none: 0, exit: 1, outOfMemory: 2 } as const;

const harness = vi.hoisted(() => ({
  /** Code that precedes the helpers' program. */
  prelude: '',
}));

vi.mock('../src/generated/kernels.js', async (original) => {
  const generated = await original<typeof import('../src/generated/kernels.js')>();
  return {
    ...generated,
    get HELPER() {
      return harness.prelude + generated.HELPER;
    },
  };
});

const FATES = `
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const { run } = new Instance(module, imports).exports;
  return { exports: { run(...args) {
    const fate = new Int32Array(imports.env.memory.buffer)[${FATE}];
    if (fate === ${Fate.exit}) process.exit(3);
    if (fate === ${Fate.outOfMemory}) for (const all = []; ; ) all.push(Array(1e6).fill({}));
    run(...args);
  } } };
};
`;

const { Worker: OriginalWorker } = workerThreads;
let workers: Worker[] = [];
const engines: Engine[] = [];

beforeEach(() => {
  harness.prelude = '';
  workers = [];
  workerThreads.Worker = class extends OriginalWorker {
    constructor(...[file, options]: ConstructorParameters<typeof OriginalWorker>) {
      super(file, { ...options, resourceLimits: { maxOldGenerationSizeMb: 32 } });
      workers.push(this);
    }
  };
});
afterEach(() => {
  workerThreads.Worker = OriginalWorker;
  for (const engine of engines.splice(0)) engine.dispose();
});

async function start(threads: number): Promise<Engine> {
  const engine = await createEngine(threads);
  engines.push(engine);
  return engine;
}

const TASKS = 100_000;

/** Runs tasks that each write their number. Returns true if all of them did. */
function probe(engine: Engine): boolean {
  engine.reset();
  const output = engine.alloc(TASKS);
  engine.view(output, TASKS).fill(-1);
  engine.dispatch(Op.Probe, TASKS, fields(ProbeField, { output, trap: -1 }));
  const { buffer, byteOffset } = engine.view(output, TASKS);
  return new Int32Array(buffer, byteOffset, TASKS).every((value, task) => value === task);
}

function setFate(engine: Engine, fate: number): void {
  new Int32Array(engine.view(0, 1).buffer)[FATE] = fate;
}

const untilThreads = (engine: Engine, threads: number) =>
  vi.waitFor(() => expect(engine.threads).toBe(threads), { timeout: 60_000, interval: 20 });

describe('a helper that ends at rest', () => {
  it.each([2, 3])('is missed by nobody, whether its end is known or not: %i threads', async (threads) => {
    const engine = await start(threads);
    for (let round = 0; round < 5; round++) {
      const ended = workers.at(-1)!.terminate();
      // The end of a thread is an event, which has not arrived yet.
      expect(probe(engine)).toBe(true);
      await ended;
      expect(probe(engine)).toBe(true);
      expect(engine.renewals).toBe(round + 1);
      await untilThreads(engine, threads);
      expect(probe(engine)).toBe(true);
    }
  });

  it('takes no packed weights with it', async () => {
    const engine = await start(2);
    const weights = new PackedWeights(engine);
    const backend = { disposeData: () => true } as unknown as WasmBackend;
    const dataId = {};
    const get = () => {
      engine.reset();
      const at = weights.get(backend, dataId, 'a', 4, (into) => engine.view(into, 4).set([1, 2, 3, 4]));
      return [...engine.view(at, 4)];
    };
    get();
    get();
    await workers[0]!.terminate();
    for (let use = 0; use < 3; use++) expect(get()).toEqual([1, 2, 3, 4]);
    backend.disposeData(dataId);
    engine.reset();
    expect(engine.keptBytes).toBe(0);
    weights.dispose();
  });
});

describe.each(['exit', 'outOfMemory'] as const)('a helper that ends in the middle of its work: %s', (name) => {
  it('is a KernelError, and the next call is right, on a new team', async () => {
    harness.prelude = FATES;
    const engine = await start(3);
    for (let round = 0; round < 2; round++) {
      expect(probe(engine)).toBe(true);
      setFate(engine, Fate[name]);
      // The helper may sleep so long that the others do all the work.
      const errors: unknown[] = [];
      for (let call = 0; call < 1000 && errors.length === 0; call++)
        try {
          expect(probe(engine)).toBe(true);
        } catch (error) {
          errors.push(error);
        }
      expect(errors).toEqual([expect.any(KernelError)]);
      expect(errors[0]).toHaveProperty('message', expect.stringMatching(/helper thread ended.*Call again/));
      expect(probe(engine)).toBe(true);
      await untilThreads(engine, 3);
      expect(probe(engine)).toBe(true);
    }
  });
});

describe('a helper that does not start', () => {
  it('is a KernelError', async () => {
    harness.prelude = "throw new Error('no room');";
    await expect(createEngine(3)).rejects.toThrow(/3 threads were asked for, but a helper thread did not start/);
    await expect(createEngine(3)).rejects.toHaveProperty('cause.message', 'no room');
  });

  it('in the place of one that ended leaves the work to the others, and is not tried at every call', async () => {
    const engine = await start(2);
    harness.prelude = 'process.exit(1);';
    await workers[0]!.terminate();
    for (let call = 0; call < 5; call++) {
      expect(probe(engine)).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(engine.threads).toBe(1);
    expect(workers.length).toBe(2);
  });
});

it('a thread that is disposed of while it starts ends', async () => {
  const engine = await start(2);
  await workers[0]!.terminate();
  probe(engine);
  engine.dispose();
  await vi.waitFor(() => expect(workers[1]?.threadId).toBe(-1), { timeout: 60_000 });
});
