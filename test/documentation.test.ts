// Examples compile, public exports are documented, and prose follows the house style.
import { expect, it } from 'vitest';
import { readDebt } from '../tools/api/debt.js';
import { lackingDocstrings } from '../tools/api/docstrings.js';
import { allExamples, checkExamples, docstringExamples } from '../tools/api/examples.js';
import { proseFaults, proseFaultsByArea } from '../tools/api/prose.js';

const debt = readDebt();

it('every example of a docstring, README and guide compiles', () => {
  const { docstrings, guides } = allExamples();
  expect(guides.length).toBeGreaterThan(30);
  expect(checkExamples(docstrings, guides)).toEqual([]);
});

it('finds examples in docstrings, and what is wrong with them', () => {
  const text = `
/** Adds. */
/**
 * Adds.
 *
 * @example Two numbers
 * \`\`\`ts
 * import { conv } from '@cnnzoo/core';
 * conv('16', 3); /* a comment *\\/
 * \`\`\`
 * @returns a sum
 * \`\`\`ts
 * nothing
 * \`\`\`
 */`;
  const examples = docstringExamples('packages/core/src/a.ts', text);
  const code = "import { conv } from '@cnnzoo/core';\nconv('16', 3); /* a comment */";
  expect(examples).toEqual([{ file: 'packages/core/src/a.ts', line: 8, code }]);
  const forgotten = { file: 'packages/core/src/a.ts', line: 20, code: 'console.log(image, net);' };
  expect(checkExamples([...examples, forgotten])).toEqual([
    expect.stringMatching(/^packages\/core\/src\/a\.ts:9: .*'string'.*'number'/),
    expect.stringMatching(/^packages\/core\/src\/a\.ts:20: .*'net'/),
  ]);
});

it('every public export has a summary, and functions and classes an example, but for the debt', () => {
  const allowed = new Set(debt.docstrings);
  expect(lackingDocstrings().filter((each) => !allowed.has(each))).toEqual([]);
});

it('prose has no more faults of style than the debt allows', () => {
  for (const [area, faults] of Object.entries(proseFaultsByArea()))
    expect(faults.length, `${area}:\n${faults.join('\n')}`).toBeLessThanOrEqual(debt.prose[area] ?? 0);
});

it('finds faults of style', () => {
  const text = [
    '/** Whether it is. */',
    '// Returns a sum. Where',
    '// Of both lines, the first begins.',
    'f(); // What it does.',
    '/**',
    ' * One that is.',
    ' * @param x Where it is.',
    ' * @returns the number',
    ' */',
    "const url = 'https://a.b'; // 3 un" + 'less given',
  ];
  expect(proseFaults(text.join('\n'), true)).toEqual([1, 4, 6, 7, 10]);
  expect(proseFaults(text.join('\n'), false)).toEqual([10]);
});
