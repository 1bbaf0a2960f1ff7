/** Writes expected.json, the reference answers, computed by tfjs' cpu backend: `pnpm exec tsx tools/runtimes/expect.ts`. */
import { writeFile } from 'node:fs/promises';
import { useBackend } from '@cnnzoo/core';
import { FIXTURES } from './fixtures.js';

await useBackend('cpu');
// The program that is to be checked is JavaScript without declarations.
const { answers } = (await import(new URL('./programs/answers.mjs', import.meta.url).href)) as {
  answers(images: typeof FIXTURES): Promise<object>;
};
const { backend, ...expected } = (await answers(FIXTURES)) as { backend: string };
if (backend !== 'cpu') throw new Error(`expected the backend 'cpu', received '${backend}'.`);
await writeFile(new URL('expected.json', import.meta.url), `${JSON.stringify(expected, null, 2)}\n`);
