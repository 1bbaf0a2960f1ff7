import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { root } from '../release/packages.js';
import { type Ended, runToEnd } from '../release/run.js';
import { checkAnswers, checkServed, type Served } from './answers.js';
import type { Report } from './row.js';

const programs = fileURLToPath(new URL('programs/', import.meta.url));

/**
 * Writes the programs into a project, and the images into its public/, which pages are served from, and folder/, a
 * data set of two classes, which public/ contains too.
 */
export async function writePrograms(directory: string): Promise<void> {
  await cp(programs, directory, { recursive: true });
  const { code } = await transform(await readFile(join(programs, 'answers.mjs'), 'utf8'), { format: 'cjs' });
  await writeFile(join(directory, 'answers.cjs'), code);
  const photographs = join(root, 'examples/photos');
  await mkdir(join(directory, 'public'), { recursive: true });
  await cp(join(root, 'tools/release/fixtures/seven.png'), join(directory, 'public/seven.png'));
  await cp(join(photographs, 'rocket.jpg'), join(directory, 'public/rocket.jpg'));
  for (const label of ['a', 'b']) {
    await mkdir(join(directory, 'folder', label), { recursive: true });
    for (let i = 0; i < 3; i++) {
      await cp(join(photographs, 'rocket.jpg'), join(directory, 'folder', label, `${i}.jpg`));
      await cp(join(root, 'tools/release/fixtures/seven.webp'), join(directory, 'folder', label, `${i}.webp`));
    }
  }
  await cp(join(directory, 'folder'), join(directory, 'public/folder'), { recursive: true });
}

/** A program's JSON, and what was printed besides. */
export interface Printed<T> {
  readonly value: T;
  readonly noise: string;
}

/** Takes the JSON out of a program's output, where it is the last line. */
export function printedBy<T>({ code, out, err, all }: Ended): Printed<T> {
  const lines = out.trimEnd().split('\n');
  const last = lines.pop() ?? '';
  if (code !== 0 || !last.startsWith('{')) throw new Error(`the program ended with ${code}:\n${all.slice(-3000)}`);
  return { value: JSON.parse(last) as T, noise: [...lines, err.trimEnd()].filter(Boolean).join('\n') };
}

/** Throws if a program printed anything but its JSON. */
export function assertQuiet(noise: string): void {
  if (noise) throw new Error(`expected nothing but the answers, received:\n${noise.slice(0, 2000)}`);
}

/** Results of programs/threads.mjs. */
export interface Threads {
  readonly alone: readonly number[];
  readonly workers: readonly number[];
  readonly served: Served;
}

/** Throws if threads have decoded the folder otherwise than the main thread. */
export function assertDecoded({ alone, workers }: Threads): void {
  if (alone.length !== 3 || JSON.stringify(alone) !== JSON.stringify(workers))
    throw new Error(`expected ${alone}, received ${workers}`);
}

/** Command that runs a program: its arguments come after those of the command. */
export interface Runner {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Runs the programs of a project from a command line, and records every check.
 *
 * @param required false for a runtime without `require`.
 */
export async function checkCommandLine(
  report: Report,
  directory: string,
  { command, args }: Runner,
  required = true,
): Promise<void> {
  const env = { CNNZOO_CACHE: join(directory, 'cache') };
  const run = async <T>(program: string): Promise<Printed<T>> =>
    printedBy<T>(await runToEnd(command, [...args, program], directory, env));

  const imported = await report.check('import', () => run<object>('import.mjs'));
  if (imported) await checkAnswers(report, imported.value);
  const noise = [imported?.noise];
  if (required) {
    await report.check('require', async () => {
      const { value, noise: more } = await run<object>('require.cjs');
      noise.push(more);
      if ((value as { digit?: string }).digit !== '7') throw new Error(`received ${JSON.stringify(value)}`);
    });
  } else report.none('require', 'the place has no `require`');
  const served = await report.check('workers', async () => {
    const { value, noise: more } = await run<Threads & { warnings: string[] }>('workers.mjs');
    noise.push(more);
    if (value.warnings.length) throw new Error(value.warnings.join('\n'));
    assertDecoded(value);
    return value.served;
  });
  await checkServed(report, served);
  await report.check('quiet', () => assertQuiet(noise.filter(Boolean).join('\n')));
}
