import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pnpm, root } from './packages.js';
import { run } from './run.js';

export type Manager = 'npm' | 'pnpm';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Returns the packages that the README tells people to install, and LeNet, whose weights need no download. */
async function readmeLine(): Promise<string[]> {
  const line = /^npm install (@cnnzoo\/.*)$/m.exec(await readFile(join(root, 'README.md'), 'utf8'))?.[1];
  if (!line) throw new Error('README.md: found no line `npm install @cnnzoo/…`.');
  return [...new Set([...line.trim().split(/\s+/), '@cnnzoo/lenet'])];
}

async function install(manager: Manager, directory: string, names: readonly string[]): Promise<void> {
  if (manager === 'npm') await run('npm', ['install', '--no-audit', '--no-fund', ...names], directory);
  else await run('npx', ['--yes', await pnpm(), 'add', ...names], directory);
}

/**
 * Makes an empty project that gets its @cnnzoo packages from `registry`, and everything else from the machine's usual
 * registry.
 */
async function emptyProject(directory: string, registry: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  await writeFile(join(directory, '.npmrc'), `@cnnzoo:registry=${registry}/\n`);
}

/**
 * Makes an empty project outside the workspace, with the packages of the README's line and the programs of consumer/.
 */
export async function makeConsumer(manager: Manager, directory: string, registry: string): Promise<void> {
  await emptyProject(directory, registry);
  await install(manager, directory, await readmeLine());
  await cp(join(here, 'consumer'), directory, { recursive: true });
  await cp(join(here, 'fixtures'), join(directory, 'public'), { recursive: true });
}

/** Makes an empty project with the command alone. The peers have to be installed automatically. */
export async function makeCommandLine(
  manager: Manager,
  directory: string,
  registry: string,
  tarball: string,
): Promise<void> {
  await emptyProject(directory, registry);
  await install(manager, directory, [`file:${tarball}`]);
}

const environment = (directory: string): Record<string, string> => ({ CNNZOO_CACHE: join(directory, 'cache') });

/** Imports and requires the packages, type-checks a program, and classifies a digit. */
export async function checkPrograms(directory: string): Promise<void> {
  for (const program of ['import.mjs', 'require.cjs'])
    await run(process.execPath, [program], directory, environment(directory));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  for (const resolution of ['bundler', 'nodenext'])
    await run(process.execPath, [tsc, '-p', `tsconfig.${resolution}.json`], directory);
}

/** Classifies a digit with the installed command. */
export async function checkCommandLine(directory: string): Promise<void> {
  const command = join(directory, 'node_modules/.bin/cnnzoo');
  await run(command, ['--help'], directory);
  const args = ['classify', join(here, 'fixtures/seven.png'), '--model', 'lenet5_relu', '--json'];
  const answer = await run(command, args, directory, environment(directory));
  if (!/"label":\s*"7"/.test(answer))
    throw new Error(`cnnzoo ${args.join(' ')}: expected a seven, received:\n${answer}`);
}
