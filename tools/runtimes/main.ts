/**
 * Runs the places of docs/runtimes.md from packed tarballs, and writes results.json and the table: `pnpm runtimes` for
 * all, `pnpm runtimes NAME…` for some, by the beginnings of their names.
 */
import { withPlace } from './place.js';
import { readResults, writeResults } from './results.js';
import { allRows } from './rows.js';
import { failuresOf, runRow } from './run-row.js';

const wanted = process.argv.slice(2).map((name) => name.toLowerCase());
const rows = await allRows();
const chosen = rows.filter(({ name }) => !wanted.length || wanted.some((word) => name.toLowerCase().startsWith(word)));
if (!chosen.length) {
  console.error(`no such row. Expected the beginning of one of:\n  ${rows.map(({ name }) => name).join('\n  ')}`);
  process.exit(2);
}

await withPlace(async (place) => {
  for (const row of chosen) {
    const start = performance.now();
    const result = await runRow(row, place);
    const failures = failuresOf(result);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${result.notRun ? 'not run' : failures.length ? 'FAILED' : 'ok'}  ${row.name} (${seconds} s)`);
    if (result.notRun) console.log(`  ${result.notRun}`);
    for (const name of failures) console.log(`  ${name}: ${result.checks[name]}`);
    if (failures.length) process.exitCode = 1;
    // Written after each row: one that hangs costs only itself.
    await writeResults({ ...(await readResults()), [row.name]: result });
  }
});
