/*
 * The first bytes of the kernels' memory, which all threads read: the control words of the dispatch, and the message of
 * an error. Then the descriptor, the helpers' turns, and each thread's scratch memory.
 */

/** Control words, as indices into the memory's Int32Array. */
export const Control = {
  /** Counts the dispatches: helpers sleep on it. `STOP` ends them. */
  generation: 256,
  /** Not 0 once a helper failed; `errorLength` bytes of its message stand at `ERROR_AT`. */
  failed: 258,
  errorLength: 259,
} as const;

export const STOP = -1;

/**
 * States of a helper's turn at a dispatch. The calling thread opens it, the helper takes it, and ends it when it is done.
 * A turn that nobody has taken when the work is done is ended by the calling thread: it waits for none but helpers at work.
 */
export const Turn = { over: 0, open: 1, taken: 2 } as const;

/** Word of a helper's turn. Each has a cache line of its own. */
export const turnOf = (helper: number): number => 2048 + 16 * helper;
export const ERROR_AT = 2048;
export const ERROR_BYTES = 1024;
export const DESCRIPTOR_AT = 4096;
/** In words. */
export const DESCRIPTOR_WORDS = 256;
/** Where AssemblyScript would put static data; there is none. */
export const SCRATCH_AT = 65536;
/** Bytes of scratch memory of each thread. */
export const SCRATCH_BYTES = 1 << 20;

/** What a helper is started with. */
export interface HelperData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly scratch: number;
  /** Word of its turn. */
  readonly turn: number;
  /** Name of a lock of its page that it holds as long as it lives. */
  readonly lock: string;
  readonly spin: number;
}
