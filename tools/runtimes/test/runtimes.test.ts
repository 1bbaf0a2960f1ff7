import { readFileSync } from 'node:fs';
import { useBackend } from '@cnnzoo/core';
import { expect, it } from 'vitest';
import { assertClose, checkAnswers } from '../answers.js';
import { FIXTURES } from '../fixtures.js';
import { readResults, TABLE } from '../results.js';
import { NotRun, type Place, type Report, type Row } from '../row.js';
import { allRows } from '../rows.js';
import { failuresOf, messageOf, runRow } from '../run-row.js';
import { table } from '../table.js';

const place = {} as Place;
const rowOf = (run: Row['run']): Row => ({ name: 'A', group: 'Node', needs: 'nothing', run });

it('docs/runtimes.md is the table of the records', async () => {
  expect(readFileSync(TABLE, 'utf8')).toBe(table(await allRows(), await readResults()));
});

it('rows have names of their own, and no record is of a row that is gone', async () => {
  const names = (await allRows()).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(Object.keys(await readResults())));
});

it('the reference answers are those of the sources', async () => {
  await useBackend();
  const program = (await import(new URL('../programs/answers.mjs', import.meta.url).href)) as {
    answers(images: typeof FIXTURES): Promise<object>;
  };
  const answers = await program.answers(FIXTURES);
  const result = await runRow(
    rowOf((_, report) => checkAnswers(report, answers)),
    place,
  );
  expect(result.checks).toEqual({ digit: 'ok', photograph: 'ok', training: 'ok' });
});

it('refuses answers that differ, lack a part or are errors', async () => {
  expect(() => assertClose([1, 2.0001], [1, 2])).toThrow('within 0.00001');
  expect(() => assertClose([1], [1, 2])).toThrow('expected 2 values, received 1');
  expect(() => assertClose([1, Number.NaN], [1, 2])).toThrow('received NaN');
  const answers = { digit: '1', training: { error: 'no kernel' } };
  const result = await runRow(
    rowOf((_, report) => checkAnswers(report, answers)),
    place,
  );
  expect(failuresOf(result)).toEqual(['digit', 'photograph', 'training']);
  expect(result.checks.photograph).toContain('gave no answer');
  expect(result.checks.training).toContain('no kernel');
});

it('draws what passed, what failed, what a place lacks and what was not run', async () => {
  const run = async (_: Place, report: Report): Promise<void> => {
    report.version('Node', '24.1.0');
    await report.check('digit', () => undefined);
    report.none('require', 'there is no `require`');
    throw new Error('it broke\nhere');
  };
  const result = await runRow(rowOf(run), place);
  const text = table([rowOf(run)], { A: result });
  expect(text).toContain(
    `| A | **fails** | – | ok | not run | not run | not run | not run | not run | nothing | ${result.date}: Node 24.1.0 |`,
  );
  expect(text).toContain('- A, import: fails: it broke.\n- A, require: there is no `require`.');
  const none = rowOf(() => Promise.reject(new NotRun('there is no Chromium')));
  expect(table([none], { A: await runRow(none, place) })).toContain('- A: not run, since there is no Chromium.');
  expect(table([none], {})).toContain('| not run | nothing | not run |');
});

it('keeps the places of a machine out of the records', () => {
  const message = `no file ${'/tmp'}/cnnzoo-runtimes-a1B2c3/project-npm/x.js ('${'/home'}/me/y.js'), see https://a.org/b/c`;
  expect(messageOf(new Error(message))).toBe("no file project-npm/x.js ('…/y.js'), see https://a.org/b/c");
});
