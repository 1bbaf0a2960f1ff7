import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** Streams that a command writes to: results to `out`, everything else to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Colours for `out`; plain if it is not a terminal or NO_COLOR is set. */
  readonly colors: Colors;
  readonly errColors: Colors;
  /** Width of `out` in characters. */
  readonly columns: number;
  /** Terminal to draw a progress bar on; undefined if there is none. */
  readonly live: NodeJS.WriteStream | undefined;
}

/** picocolors would also colour a pipe if `CI` is set. This one does so only if FORCE_COLOR is set. */
const colorsOf = (stream: NodeJS.WriteStream): Colors =>
  pc.createColors(pc.isColorSupported && (stream.isTTY || Boolean(process.env.FORCE_COLOR)));

/** Returns the terminal, or the files and pipes, that the process was started with. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  return {
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    colors: colorsOf(stdout),
    errColors: colorsOf(stderr),
    columns: stdout.columns ?? 80,
    live: stderr.isTTY ? stderr : undefined,
  };
}
