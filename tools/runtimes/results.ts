import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { root } from '../release/packages.js';
import type { Result } from './row.js';
import { allRows } from './rows.js';
import { table } from './table.js';

const path = fileURLToPath(new URL('results.json', import.meta.url));

export type Results = Readonly<Record<string, Result>>;

/** Reads the records of all rows that were ever run, by name. */
export const readResults = async (): Promise<Results> => JSON.parse(await readFile(path, 'utf8')) as Results;

/** Path of the table. */
export const TABLE = `${root}docs/runtimes.md`;

/** Writes the records of the rows that exist, in their order, and the table. */
export async function writeResults(results: Results): Promise<void> {
  const rows = await allRows();
  const kept = rows.filter(({ name }) => results[name]).map(({ name }) => [name, results[name]] as const);
  await writeFile(path, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
  await writeFile(TABLE, table(rows, results));
}
