/** Test runners, whose tests run in realms and loaders of their own. Each has a project of its own. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd } from '../../release/run.js';
import { type Answers, checkAnswers, checkServed } from '../answers.js';
import { assertDecoded, assertQuiet, type Threads } from '../programs.js';
import { installPackages, versionOf } from '../projects.js';
import type { Place, Report, Row } from '../row.js';

interface Runner {
  /** Name of the runner's package and command. */
  readonly name: string;
  /** Lines before the test, which imports what the runner does not give it. */
  readonly head: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
}

/** Files of the test. */
const FILES = [
  'answers.mjs',
  'threads.mjs',
  'sums.mjs',
  'served.mjs',
  'web-worker.mjs',
  'net.worker.js',
  'answers.cjs',
];

const TEST = (head: string): string => `
  ${head}
  import { writeFile } from 'node:fs/promises';
  import { createRequire } from 'node:module';
  import { answers } from './answers.mjs';
  import { threads } from './threads.mjs';
  test('answers', async () => {
    const said = [];
    for (const level of ['log', 'info', 'warn', 'error']) console[level] = (...texts) => void said.push(texts.join(' '));
    const found = await answers({ digit: 'public/seven.png', photograph: 'public/rocket.jpg' });
    const work = await threads();
    const required = async () => createRequire(import.meta.url)('./answers.cjs').digitOf('public/seven.png');
    const digit = await required().catch((error) => ({ error: String(error?.message ?? error) }));
    await writeFile('found.json', JSON.stringify({ ...found, work, required: digit, said }));
  }, 600_000);`;

/** JSON that the test writes. */
interface Found extends Partial<Answers> {
  readonly backend: string;
  readonly work: Threads;
  /** Label from the packages as CommonJS. */
  readonly required: string | { readonly error: string };
  readonly said: readonly string[];
}

/** Runs one test, which writes down the answers. */
async function runTest(place: Place, report: Report, { name, head, args, env }: Runner): Promise<void> {
  const [project, folder] = [await place.project('npm'), await place.folder(name)];
  await installPackages(place, folder, { type: 'module' }, [name]);
  report.version(name, await versionOf(folder, name));
  for (const file of [...FILES, 'public', 'folder'])
    await cp(join(project, file), join(folder, file), { recursive: true });
  await writeFile(join(folder, 'answers.test.mjs'), TEST(head));
  const ended = await runToEnd(join(folder, 'node_modules/.bin', name), [...args], folder, {
    CNNZOO_CACHE: join(folder, 'cache'),
    ...env,
  });
  const found = await report.check('import', async () => {
    if (ended.code !== 0) throw new Error(`${name} ended with ${ended.code}:\n${ended.all.slice(-3000)}`);
    const answers = JSON.parse(await readFile(join(folder, 'found.json'), 'utf8')) as Found;
    if (answers.backend !== 'wasm') throw new Error(`${name} computed with '${answers.backend}'`);
    return answers;
  });
  if (!found) return;
  const { required, work, said } = found;
  await checkAnswers(report, found);
  if (typeof required !== 'string' && required.error.startsWith('Must use import to load ES Module'))
    report.none('require', 'its `require` loads no ES modules');
  else
    await report.check('require', () => {
      if (required !== '7') throw new Error(`received ${JSON.stringify(required)}`);
    });
  await report.check('workers', () => assertDecoded(work));
  await checkServed(report, work.served);
  await report.check('quiet', () => assertQuiet(said.join('\n')));
}

export const rows: readonly Row[] = [
  {
    name: 'Jest',
    group: 'Test runners',
    needs: '`NODE_OPTIONS=--experimental-vm-modules`, and tests that are ES modules',
    run: (place, report) =>
      runTest(place, report, {
        name: 'jest',
        head: '',
        args: ['--testMatch', '**/*.test.mjs', '--transform', '{}'],
        env: { NODE_OPTIONS: '--experimental-vm-modules' },
      }),
  },
  {
    name: 'Vitest',
    group: 'Test runners',
    needs: 'nothing',
    run: (place, report) =>
      runTest(place, report, {
        name: 'vitest',
        head: "import { test } from 'vitest';",
        args: ['run'],
        env: {},
      }),
  },
];
