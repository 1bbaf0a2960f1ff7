import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** Where a command writes: results to `out`, everything else to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Of `out`; plain where that is no terminal or NO_COLOR is set. */
  readonly colors: Colors;
  readonly errColors: Colors;
  /** Of `out`. */
  readonly columns: number;
  /** A terminal that a progress bar can be drawn on, if there is one. */
  readonly live: NodeJS.WriteStream | undefined;
}

/** picocolors also colours a pipe where `CI` is set; ours stays plain unless FORCE_COLOR asks. */
const colorsOf = (stream: NodeJS.WriteStream): Colors =>
  pc.createColors(pc.isColorSupported && (stream.isTTY || Boolean(process.env.FORCE_COLOR)));

/** The terminal, or the files and pipes, that the process was started with. */
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
