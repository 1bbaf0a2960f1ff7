/**
 * parity [NAME...]: compares every net with PyTorch, by the committed goldens and, if Python has torch, on a fresh seed
 * and fresh sizes. Exits with 1 if an error exceeds the bound.
 */
import { CnnzooError, useBackend } from '@cnnzoo/core';
import { PARITY } from '../../../test/harness/parity.js';
import { worstError } from './compare.js';
import { members } from './families.js';
import { askPython, parseGolden, readGolden, sizesOf } from './goldens.js';
import { hasTorch } from './python.js';
import { run } from './run.js';

const show = (error: number): string => `${error.toExponential(1)}${error <= PARITY ? '' : ' OVER'}`.padEnd(14);

await run(async () => {
  const backend = await useBackend();
  const fresh = hasTorch();
  const seed = String(Date.now());
  console.log(`max|difference| / max|logit| against PyTorch on ${backend}; the bound is ${PARITY}`);
  if (!fresh) console.log('Python has no torch here (PYTHON names another): only the goldens are compared.');
  console.log(`${'model'.padEnd(18)}${'goldens'.padEnd(14)}${fresh ? `fresh (seed ${seed})` : ''}`);
  for (const { family, name, definition } of members(process.argv.slice(2))) {
    const golden = readGolden(family, name);
    if (!golden) throw new CnnzooError('INPUT', `${name} has no golden: run \`golden ${name}\`.`);
    const errors = [await worstError(definition, golden)];
    if (fresh) {
      const larger = sizesOf(definition).map(([height, width]) => [height + 4, width + 4] as const);
      errors.push(await worstError(definition, parseGolden(askPython(name, larger, { seed }), 'golden.py')));
    }
    console.log(name.padEnd(18) + errors.map(show).join(''));
    if (!errors.every((error) => error <= PARITY)) process.exitCode = 1;
  }
});
