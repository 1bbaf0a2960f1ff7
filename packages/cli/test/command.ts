import pc from 'picocolors';
import { run } from '../src/program.js';
import type { Terminal } from '../src/terminal.js';

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process, as if its output went into two files. */
export async function cnnzoo(...argv: string[]): Promise<Result> {
  const out: string[] = [];
  const err: string[] = [];
  const plain = pc.createColors(false);
  const terminal: Terminal = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    colors: plain,
    errColors: plain,
    columns: 80,
    live: undefined,
  };
  const code = await run(argv, { terminal, signal: new AbortController().signal });
  return { code, out: out.join('\n'), err: err.join('\n') };
}
