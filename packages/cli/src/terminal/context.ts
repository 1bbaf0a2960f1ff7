import type { Terminal } from './terminal.js';

/** Values that every command gets beside its own arguments. */
export interface Context {
  readonly terminal: Terminal;
  /** Signal that Ctrl-C aborts. */
  readonly signal: AbortSignal;
}

/** Options of every command. */
export interface CommonOptions {
  readonly json?: boolean;
}

export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;
