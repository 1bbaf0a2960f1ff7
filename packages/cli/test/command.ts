import pc from 'picocolors';
import { run } from '../src/program.js';
import type { Terminal } from '../src/terminal/index.js';

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process, as if its output were redirected into two files. */
export const cnnzoo = (...argv: string[]): Promise<Result> => cnnzooUntil(() => false, ...argv);

/** Runs the command until `stops` returns true for a line on stderr, then stops it as Ctrl-C would. */
export async function cnnzooUntil(stops: (line: string) => boolean, ...argv: string[]): Promise<Result> {
  const out: string[] = [];
  const err: string[] = [];
  const stop = new AbortController();
  const plain = pc.createColors(false);
  const terminal: Terminal = {
    out: (text) => void out.push(text),
    err: (text) => {
      err.push(text);
      if (stops(text)) stop.abort();
    },
    colors: plain,
    errColors: plain,
    columns: 80,
    live: undefined,
  };
  const code = await run(argv, { terminal, signal: stop.signal });
  return { code, out: out.join('\n'), err: err.join('\n') };
}
