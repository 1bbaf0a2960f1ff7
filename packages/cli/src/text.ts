import { visible } from '../../core/src/visible.js';

const MIB = 2 ** 20;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `width` characters at 1, in steps of an eighth of a character. */
export function bar(fraction: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** `97.8`: three digits and more are shown whole. */
const short = (n: number): string => n.toFixed(n < 100 ? 1 : 0);

export const mebibytes = (bytes: number): string => `${short(bytes / MIB)} MiB`;

/** `25.6 M`, `61.7 k`. */
export const magnitude = (n: number): string =>
  n >= 1e6 ? `${short(n / 1e6)} M` : n >= 1e3 ? `${short(n / 1e3)} k` : String(n);

/** Cut to `width`, with a sign where something is missing. */
export const clip = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, Math.max(1, width) - 1)}…` : text;

/** `9 s`, `2 min 05 s`. */
export const duration = (seconds: number): string =>
  seconds < 60
    ? `${Math.ceil(seconds)} s`
    : `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;

/** `71.2 %` of a share of 0.712. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** An argument as a shell takes it: POSIX's quotes, or, around what would change the terminal, bash's `$'\x1b'`. */
export function quoted(argument: string): string {
  if (/^[\w@%+=:,./-]+$/.test(argument)) return argument;
  if (visible(argument) !== argument) return `$'${visible(argument.replace(/[\\']/g, '\\$&'))}'`;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}

export interface Column {
  readonly head: string;
  readonly align?: 'right';
  /** Colours a cell once it is padded. */
  readonly paint?: (cell: string) => string;
}

/** Lines of aligned cells under their heads. */
export function table(
  columns: readonly Column[],
  cells: readonly (readonly string[])[],
  paintHead: (head: string) => string,
): string[] {
  const rows = cells.map((row) => row.map(visible));
  const widths = columns.map(({ head }, i) => Math.max(head.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[], paint: (i: number) => ((cell: string) => string) | undefined): string =>
    cells
      .map((cell, i) => {
        const last = i === cells.length - 1 && columns[i]!.align !== 'right';
        const padded = columns[i]!.align === 'right' ? cell.padStart(widths[i]!) : cell.padEnd(last ? 0 : widths[i]!);
        return paint(i)?.(padded) ?? padded;
      })
      .join('  ');
  return [
    line(
      columns.map(({ head }) => head),
      () => paintHead,
    ),
    ...rows.map((row) => line(row, (i) => columns[i]!.paint)),
  ].map((text) => text.trimEnd());
}
