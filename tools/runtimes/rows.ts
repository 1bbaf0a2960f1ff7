import { readdir } from 'node:fs/promises';
import type { Row } from './row.js';

const GROUPS: readonly Row['group'][] = [
  'Node',
  'Other runtimes',
  'Editors and desktops',
  'Test runners',
  'Bundlers and pages',
];

/** Returns the rows of every file in rows/, group by group, in the order of the files' names. */
export async function allRows(): Promise<Row[]> {
  const folder = new URL('rows/', import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort();
  const rows: Row[] = [];
  for (const file of files) rows.push(...((await import(new URL(file, folder).href)) as { rows: Row[] }).rows);
  return GROUPS.flatMap((group) => rows.filter((row) => row.group === group));
}
