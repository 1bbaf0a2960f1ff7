/**
 * Debt of the documentation: docstrings that lack something, and faults of style, as they were when these tests were
 * introduced. `pnpm docs:debt` prints the rest of it and updates debt.json, which never grows. Delete the file when it
 * is empty.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { lackingDocstrings } from './docstrings.js';
import { proseFaultsByArea } from './prose.js';

export interface Debt {
  /** Lacking docstrings that are allowed, as `lackingDocstrings` names them. */
  readonly docstrings: readonly string[];
  /** Types that public types name and no entry exports. */
  readonly notExported: readonly string[];
  /** Faults of style that are allowed, by area. */
  readonly prose: Readonly<Record<string, number>>;
}

const file = new URL('debt.json', import.meta.url);

export const readDebt = (): Debt => JSON.parse(readFileSync(file, 'utf8'));

function shrink(): void {
  const debt = readDebt();
  const lacking = new Set(lackingDocstrings());
  const faults = proseFaultsByArea();
  const docstrings = debt.docstrings.filter((each) => lacking.has(each));
  const prose: Record<string, number> = {};
  for (const [area, allowed] of Object.entries(debt.prose)) {
    const left = Math.min(allowed, faults[area]?.length ?? 0);
    if (left) prose[area] = left;
  }
  writeFileSync(file, `${JSON.stringify({ ...debt, docstrings, prose }, null, 2)}\n`);
  console.log([...docstrings, ...Object.values(faults).flat()].join('\n'));
  console.log(`${docstrings.length} docstrings lack something, ${Object.values(faults).flat().length} faults of style`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) shrink();
