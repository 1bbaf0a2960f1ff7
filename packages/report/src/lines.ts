import { visible } from '@cnnzoo/core/internal/text';

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Returns a bar of `width` characters that is filled to `fraction` (0 to 1), in steps of an eighth of a character. */
export function bar(fraction: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** Returns a bar over a track, always `width` characters long: `█████░░░░░`. */
export const meter = (fraction: number, width = 20): string => bar(fraction, width).padEnd(width, '░');

/** Cuts text to `width` characters. An ellipsis marks the cut. */
export const clip = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, Math.max(1, width) - 1)}…` : text;

/** Quotes an argument for a shell: POSIX's quotes, or bash's `$'\x1b'` around characters that would change the terminal. */
export function quoted(argument: string): string {
  if (/^[\w@%+=:,./-]+$/.test(argument)) return argument;
  if (visible(argument) !== argument) return `$'${visible(argument.replace(/[\\']/g, '\\$&'))}'`;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}

export interface Column {
  readonly head: string;
  readonly align?: 'right';
  /** Colours a cell after padding. */
  readonly paint?: (cell: string) => string;
}

/** Returns lines of aligned cells under a heading for each column. */
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
