import { getBackend } from '@tensorflow/tfjs-core';
import { Heaps, type KernelContext, kernelsOf, PackedWeights, register } from './adapter/index.js';
import {
  compileKernels,
  createEngine,
  defaultThreads,
  type Engine,
  isThreadCount,
  MOST_THREADS,
} from './engine/index.js';
import { KernelError } from './errors.js';

export interface AccelerateOptions {
  /**
   * How many threads compute, the calling one included. As many as the process may use cores (in Node the environment
   * variable `CNNZOO_THREADS` sets it), and 1 in a worker. Pages that are not cross-origin isolated always have 1.
   */
  readonly threads?: number;
  /** Names of the only kernels to register, as tfjs calls them: all. */
  readonly only?: readonly string[];
}

/** What `accelerate` started. */
export interface Acceleration {
  /** How many threads compute. */
  readonly threads: number;
  /** Always true: without SIMD, `accelerate` throws. */
  readonly simd: true;
  /** Whether it multiplies and adds in one rounding (relaxed SIMD). */
  readonly relaxed: boolean;
  /** Names of the kernels that are registered. */
  readonly kernels: readonly string[];
  /** Puts tfjs' own kernels back and ends the threads, once everyone who called `accelerate` has called it. */
  dispose(): void;
}

interface Started {
  readonly acceleration: Omit<Acceleration, 'dispose'>;
  /** What was asked for: threads may be fewer, where they can't share memory. */
  readonly threads: number;
  readonly only: string;
  readonly end: () => void;
}

/** The one set of kernels that runs, and how many callers of `accelerate` share it. */
let running: { readonly started: Promise<Started>; users: number } | undefined;

/** Checks what was asked for. */
function checked({ threads, only }: AccelerateOptions): void {
  if (threads !== undefined && !isThreadCount(threads))
    throw new KernelError(`accelerate() expects threads from 1 to ${MOST_THREADS}, not ${threads}.`);
  if (only !== undefined && !Array.isArray(only))
    throw new KernelError(`accelerate() expects only to be an array of kernel names, not ${only}.`);
}

const keyOf = (only: readonly string[] | undefined): string => (only ? [...only].sort().join() : '*');

/** An engine of the threads that were asked for, or of as many as can be had. */
async function engineOf(asked: number | undefined): Promise<Engine> {
  const threads = asked ?? defaultThreads();
  try {
    return await createEngine(threads);
  } catch (error) {
    // A page's security policy may refuse workers. Who did not ask for threads has one.
    if (asked !== undefined || threads === 1) throw error;
    return createEngine(1);
  }
}

async function start({ threads, only }: AccelerateOptions): Promise<Started> {
  const engine = await engineOf(threads);
  const local = (await compileKernels(false))!;
  const context: KernelContext = { engine, weights: new PackedWeights(engine), heaps: new Heaps(local.module) };
  const available = kernelsOf(context);
  const unknown = only?.find((name) => !Object.hasOwn(available, name));
  if (unknown !== undefined) {
    engine.dispose();
    throw new KernelError(`There is no kernel ${unknown}. There are ${Object.keys(available).join(', ')}.`);
  }
  const chosen = Object.entries(available).filter(([name]) => only?.includes(name) ?? true);
  const restore = register(chosen, context);
  return {
    acceleration: {
      threads: engine.threads,
      simd: true,
      relaxed: engine.relaxed,
      kernels: chosen.map(([name]) => name),
    },
    threads: threads ?? engine.threads,
    only: keyOf(only),
    end() {
      restore();
      context.weights.dispose();
      context.heaps.dispose();
      engine.dispose();
    },
  };
}

/**
 * Registers this package's kernels for tfjs' wasm backend, which has to be set: `await tf.setBackend('wasm')`. Callers
 * share the kernels: each disposes of what it was given.
 *
 * @throws {KernelError} where another backend is set, WebAssembly has no SIMD, a thread does not start, a kernel is
 * unknown, or the kernels run already with other options.
 */
export async function accelerate(options: AccelerateOptions = {}): Promise<Acceleration> {
  checked(options);
  if (getBackend() !== 'wasm')
    throw new KernelError(
      `accelerate() is for tfjs' wasm backend; ${getBackend() ?? 'none'} is set. Call \`await tf.setBackend('wasm')\` first.`,
    );
  running ??= { started: start(options), users: 0 };
  const mine = running;
  mine.users++;
  let started: Started;
  try {
    started = await mine.started;
  } catch (error) {
    if (running === mine) running = undefined;
    throw error;
  }
  const release = () => {
    if (--mine.users > 0) return;
    running = undefined;
    started.end();
  };
  const { acceleration, threads, only } = started;
  if ((options.threads ?? threads) !== threads || keyOf(options.only) !== only) {
    release();
    throw new KernelError(
      `The kernels run already, with ${acceleration.threads} threads and ${acceleration.kernels.length} kernels. ` +
        'Dispose of them first, or ask for the same.',
    );
  }
  let disposed = false;
  return {
    ...acceleration,
    dispose() {
      if (!disposed) release();
      disposed = true;
    },
  };
}
