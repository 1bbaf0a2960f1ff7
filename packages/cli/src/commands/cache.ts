import {
  type CacheEntry,
  type CheckedCacheEntry,
  cacheDirectory,
  clearCache,
  listCache,
  type SkippedFile,
  verifyCache,
} from '@cnnzoo/core';
import { visible } from '@cnnzoo/core/internal/text';
import { type Column, mebibytes, table } from '@cnnzoo/report';
import { writeFault, writeJson } from '../fault.js';
import { type CommonOptions, type Context, EXIT } from '../terminal/index.js';

export type CacheAction = 'list' | 'verify' | 'clear';

type Command = (options: CommonOptions, context: Context) => Promise<number>;

const total = (entries: readonly CacheEntry[]): number => entries.reduce((sum, { bytes }) => sum + bytes, 0);

/** Returns a count of files with their size: `3 files, 187 MiB`. */
const amount = (entries: readonly CacheEntry[]): string =>
  `${entries.length} ${entries.length === 1 ? 'file' : 'files'}, ${mebibytes(total(entries))}`;

/** Returns a line for each entry, with the text that `note` returns for it. An empty list gives no lines. */
function lines<Entry extends CacheEntry>(
  entries: readonly Entry[],
  column: Column,
  note: (entry: Entry) => string,
  { terminal: { colors } }: Context,
): string[] {
  if (entries.length === 0) return [];
  const columns: Column[] = [
    { head: 'model', paint: colors.bold },
    { head: 'weights' },
    { head: 'size', align: 'right' },
    column,
  ];
  const rows = entries.map((entry) => [entry.model, entry.weights, mebibytes(entry.bytes), note(entry)]);
  return [...table(columns, rows, colors.dim), ''];
}

/** Collects the files that a command leaves alone, and reports them on stderr. */
function leftAlone({ terminal: { err, errColors } }: Context) {
  const skipped: SkippedFile[] = [];
  return {
    skipped,
    options: { onSkipped: (file: SkippedFile) => void skipped.push(file) },
    tell: () => {
      for (const { path, reason } of skipped) err(errColors.dim(visible(`left alone: ${path}: ${reason}`)));
    },
  };
}

const list: Command = async ({ json }, context) => {
  const { skipped, options, tell } = leftAlone(context);
  const entries = await listCache(options);
  const directory = await cacheDirectory();
  if (json) writeJson(context, { directory, bytes: total(entries), files: entries, skipped });
  else {
    tell();
    const note = ({ sha256, verified }: CacheEntry): string => sha256.slice(0, 16) + (verified ? '' : ' unverified');
    const column = { head: 'sha256', paint: context.terminal.colors.dim };
    context.terminal.out(
      [...lines(entries, column, note, context), `${amount(entries)} in ${visible(directory)}`].join('\n'),
    );
  }
  return EXIT.ok;
};

const verify: Command = async ({ json }, context) => {
  const { skipped, options, tell } = leftAlone(context);
  const entries = await verifyCache(options);
  const damaged = entries.filter(({ ok }) => !ok);
  const error =
    damaged.length > 0
      ? { code: 'HASH', message: `${damaged.length} of ${entries.length} files in the cache are damaged.` }
      : undefined;
  if (json) writeJson(context, { files: entries, skipped, error });
  else {
    tell();
    const { out, colors } = context.terminal;
    const note = ({ ok, reason }: CheckedCacheEntry): string => (ok ? 'ok' : `damaged: ${reason}`);
    const paint = (cell: string): string => (cell.startsWith('ok') ? colors.green(cell) : colors.red(cell));
    out([...lines(entries, { head: 'state', paint }, note, context), amount(entries)].join('\n'));
    if (error)
      writeFault(context, { ...error, message: `${error.message} They are fetched again when they are used.` });
  }
  return error ? EXIT.failed : EXIT.ok;
};

const clear: Command = async ({ json }, context) => {
  const { skipped, options, tell } = leftAlone(context);
  const removed = await clearCache({}, options);
  if (json) writeJson(context, { bytes: total(removed), removed, skipped });
  else {
    tell();
    context.terminal.out(`Removed ${amount(removed)} from ${visible(await cacheDirectory())}`);
  }
  return EXIT.ok;
};

export const cache: Readonly<Record<CacheAction, Command>> = { list, verify, clear };
