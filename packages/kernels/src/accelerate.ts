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

/** Options of `accelerate`. */
export interface AccelerateOptions {
  /**
   * Number of threads that compute, the calling thread included. Default: the number of cores the process may use, or
   * `CNNZOO_THREADS` from Node's environment; 1 in a worker. Always 1 on pages that are not cross-origin isolated.
   */
  readonly threads?: number;
  /** Names of the kernels to register, as tfjs calls them. Default: all of them. */
  readonly only?: readonly string[];
}

/** Handle on the kernels that `accelerate` registered. */
export interface Acceleration {
  /** Number of threads that compute, the calling thread included. */
  readonly threads: number;
  /** Always true: without SIMD, `accelerate` throws. */
  readonly simd: true;
  /** True if a multiplication and an addition round once (relaxed SIMD). */
  readonly relaxed: boolean;
  /** Names of the registered kernels. */
  readonly kernels: readonly string[];
  /** Puts tfjs' own kernels back and ends the threads, once every caller of `accelerate` has called it. */
  dispose(): void;
}

interface Started {
  readonly acceleration: Omit<Acceleration, 'dispose'>;
  /** Number of threads that the caller asked for. Fewer run if threads cannot share memory. */
  readonly threads: number;
  readonly only: string;
  readonly end: () => void;
}

/** The one set of kernels that runs, and the number of callers of `accelerate` that share it. */
let running: { readonly started: Promise<Started>; users: number } | undefined;

function checked({ threads, only }: AccelerateOptions): void {
  if (threads !== undefined && !isThreadCount(threads))
    throw new KernelError(`accelerate() expects threads from 1 to ${MOST_THREADS}, not ${threads}.`);
  if (only !== undefined && !Array.isArray(only))
    throw new KernelError(`accelerate() expects only to be an array of kernel names, not ${only}.`);
}

const keyOf = (only: readonly string[] | undefined): string => (only ? [...only].sort().join() : '*');

/** Starts an engine of `asked` threads, or by default of as many threads as the platform allows. */
async function engineOf(asked: number | undefined): Promise<Engine> {
  const threads = asked ?? defaultThreads();
  try {
    return await createEngine(threads);
  } catch (error) {
    // A page's security policy may refuse workers. Callers that asked for no number of threads then get one.
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
 * Registers this package's kernels for tfjs' wasm backend, which has to be the current backend. All callers share one
 * set of kernels; each of them disposes of the handle that it received.
 *
 * @returns a handle that says what runs, and whose `dispose()` undoes the registration
 * @throws {KernelError} if another backend is set, WebAssembly has no SIMD, a thread does not start, `threads` or
 * `only` is invalid, or the kernels already run with other options
 * @example
 * ```ts
 * import { accelerate } from '@cnnzoo/kernels';
 * import * as tf from '@tensorflow/tfjs-core';
 * import '@tensorflow/tfjs-backend-wasm';
 *
 * await tf.setBackend('wasm');
 * const { threads, dispose } = await accelerate();
 * console.log(`${threads} threads compute`);
 * dispose();
 * ```
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
