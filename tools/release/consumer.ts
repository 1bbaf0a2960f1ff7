import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pnpm, root } from './packages.js';
import { run, runToEnd } from './run.js';

export type Manager = 'npm' | 'pnpm';

const tsc = join(root, 'node_modules/typescript/bin/tsc');

const here = fileURLToPath(new URL('.', import.meta.url));

/** Returns the packages that the README tells people to install. */
async function readmeLine(): Promise<string[]> {
  const line = /^npm install (@cnnzoo\/.*)$/m.exec(await readFile(join(root, 'README.md'), 'utf8'))?.[1];
  if (!line) throw new Error('README.md: found no line `npm install @cnnzoo/…`.');
  return line.trim().split(/\s+/);
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

const environment = (directory: string): Record<string, string> => ({ CNNZOO_CACHE: join(directory, 'cache') });

async function makeProject(
  manager: Manager,
  directory: string,
  registry: string,
  names: readonly string[],
): Promise<void> {
  await emptyProject(directory, registry);
  await install(manager, directory, names);
  await cp(join(here, 'consumer'), directory, { recursive: true });
  await cp(join(here, 'fixtures'), join(directory, 'public'), { recursive: true });
}

/** Makes an empty project outside the workspace, with all packages that the programs of consumer/ import. */
export async function makeConsumer(manager: Manager, directory: string, registry: string): Promise<void> {
  const tfjs = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers'];
  const names = new Set([...(await readmeLine()), '@cnnzoo/core', '@cnnzoo/lenet', ...tfjs]);
  await makeProject(manager, directory, registry, [...names]);
}

/** Installs the packages of the README's line alone in an empty project, and runs a program that needs no others. */
export async function checkAlone(manager: Manager, directory: string, registry: string): Promise<void> {
  await makeProject(manager, directory, registry, await readmeLine());
  await run(process.execPath, ['alone.mjs'], directory, environment(directory));
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

/** Imports and requires the packages, type-checks a program, and classifies a digit. */
export async function checkPrograms(directory: string): Promise<void> {
  for (const program of ['import.mjs', 'require.cjs'])
    await run(process.execPath, [program], directory, environment(directory));
  for (const config of ['bundler', 'nodenext', 'node'])
    await run(process.execPath, [tsc, '-p', `tsconfig.${config}.json`], directory);
  await checkDeclarations(directory);
}

/** Checks our declarations themselves in a program without the DOM library. tfjs' own have faults, which are not ours. */
async function checkDeclarations(directory: string): Promise<void> {
  const { out } = await runToEnd(process.execPath, [tsc, '-p', 'tsconfig.libraries.json'], directory);
  const lines = out.split('\n');
  // Without a fault of tfjs' the check would not have seen any declarations.
  if (!lines.some((line) => line.includes('@tensorflow/tfjs-core/')))
    throw new Error(`expected faults of tfjs-core's declarations, received:\n${out}`);
  const ours = lines.filter((line) => /^\S*@cnnzoo\/|^[^\s.]+\.ts\(/.test(line));
  if (ours.length) throw new Error(`declarations that do not hold without the DOM library:\n${ours.join('\n')}`);
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
