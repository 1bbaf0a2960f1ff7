/** Test runners, whose tests run in realms and loaders of their own. Each has a project of its own. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd } from '../../release/run.js';
import { type Answers, checkAnswers } from '../answers.js';
import { installPackages } from '../projects.js';
import type { Place, Report, Row } from '../row.js';

interface Runner {
  /** Name of the runner's package and command. */
  readonly name: string;
  /** Lines before the test, which imports what the runner does not give it. */
  readonly head: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
}

/** Runs one test, which writes down the answers. */
async function runTest(place: Place, report: Report, { name, head, args, env }: Runner): Promise<void> {
  const [project, folder] = [await place.project('npm'), await place.folder(name)];
  await installPackages(place, folder, { type: 'module' }, [name]);
  const { version } = JSON.parse(await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
  report.version(name, version as string);
  for (const file of ['answers.mjs', 'public']) await cp(join(project, file), join(folder, file), { recursive: true });
  const test = `
    ${head}
    import { writeFile } from 'node:fs/promises';
    import { answers } from './answers.mjs';
    test('answers', async () => {
      const found = await answers({ digit: 'public/seven.png', photograph: 'public/rocket.jpg' });
      await writeFile('found.json', JSON.stringify(found));
    }, 600_000);`;
  await writeFile(join(folder, 'answers.test.mjs'), test);
  const ended = await runToEnd(join(folder, 'node_modules/.bin', name), [...args], folder, {
    CNNZOO_CACHE: join(folder, 'cache'),
    ...env,
  });
  const found = await report.check('import', async () => {
    if (ended.code !== 0) throw new Error(`${name} ended with ${ended.code}:\n${ended.all.slice(-3000)}`);
    return JSON.parse(await readFile(join(folder, 'found.json'), 'utf8')) as Partial<Answers> & { backend?: string };
  });
  if (!found) return;
  if (found.backend !== 'wasm') throw new Error(`${name} computed with '${found.backend}'`);
  await checkAnswers(report, found);
  report.none('workers', 'no test of its own was written for it');
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
