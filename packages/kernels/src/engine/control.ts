/*
 * Layout of the first bytes of the kernels' memory, which all threads read: control words, the message of an error, the
 * descriptor, the helpers' turns, and each thread's scratch memory.
 */

/** Control words, as indices into the memory's Int32Array. */
export const Control = {
  /** Number of dispatches so far, on which helpers sleep. `STOP` ends them. */
  generation: 256,
  /** Not 0 after a helper failed. `errorLength` bytes of its message then lie at `ERROR_AT`. */
  failed: 258,
  errorLength: 259,
} as const;

export const STOP = -1;

/**
 * States of a helper's turn at a dispatch. The calling thread opens the turn, the helper takes it and ends it when its
 * tasks are done. When no task is left, the calling thread ends every turn that was not taken, so it waits only for
 * helpers at work.
 */
export const Turn = { over: 0, open: 1, taken: 2 } as const;

/** Index of the control word of a helper's turn. Each word has a cache line of its own. */
export const turnOf = (helper: number): number => 2048 + 16 * helper;
export const ERROR_AT = 2048;
export const ERROR_BYTES = 1024;
export const DESCRIPTOR_AT = 4096;
/** Length of the descriptor in words. */
export const DESCRIPTOR_WORDS = 256;
/** AssemblyScript would put static data here, and the kernels have none. */
export const SCRATCH_AT = 65536;
/** Bytes of scratch memory a thread. */
export const SCRATCH_BYTES = 1 << 20;

/** Data that a helper thread starts with. */
export interface HelperData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly scratch: number;
  /** Index of the control word of its turn. */
  readonly turn: number;
  /** Name of a lock that the helper of a page holds as long as it lives. */
  readonly lock: string;
  readonly spin: number;
}
