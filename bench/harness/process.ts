import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Report } from './report.js';

export const bench = fileURLToPath(new URL('..', import.meta.url));

/** Inside the workspace, so that the packages are found as a user's program finds them: built, by their exports. */
const compiled = join(bench, '..', 'node_modules', '.cache', 'cnnzoo-bench');

/** A process to be measured. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A script of this folder under plain Node: no loader stands between the measured code and what it imports. */
export async function nodeScript(path: string, args: readonly string[] = [], nodeArgs: readonly string[] = []) {
  await mkdir(compiled, { recursive: true });
  const outfile = join(compiled, `${path.replaceAll('/', '-').replace(/\.ts$/, '')}.mjs`);
  await build({
    entryPoints: [join(bench, path)],
    outfile,
    bundle: true,
    packages: 'external',
    // Not the workspace's own, whose `paths` lead to the sources.
    tsconfigRaw: {},
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return { program: process.execPath, args: [...nodeArgs, outfile, ...args] } satisfies Command;
}

export const python = process.env.PYTHON ?? 'python3';

export const pythonScript = (path: string, args: readonly string[] = []): Command => ({
  program: python,
  args: [join(bench, path), ...args],
  env: {
    PYTHONPATH: join(bench, 'harness'),
    PYTHONDONTWRITEBYTECODE: '1',
    // Threads that wait for each other in a loop take the processor from those they wait for, where it is shared:
    // PyTorch on two threads was then up to twenty times as slow as on one.
    OMP_WAIT_POLICY: 'passive',
  },
});

/** Why Python can't be a peer; undefined where it can. */
export async function pythonLacks(...modules: readonly string[]): Promise<string | undefined> {
  try {
    await run({ program: python, args: ['-c', `import ${modules.join(', ')}`] });
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    return `'${python}' can't import ${modules.join(', ')} (${why}); name another with PYTHON=…`;
  }
}

/** Runs to the end; rejects with what it wrote to standard error where it fails. */
export function run({ program, args, env }: Command): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(err || `${program} ended with ${code}`)),
    );
  });
}

/** One run: what the process says, and how long it lived. */
export interface Sample extends Report {
  /** Milliseconds from the start of the process to its end. */
  readonly wall: number;
}

export async function sample(command: Command): Promise<Sample> {
  const start = performance.now();
  const out = await run(command);
  const wall = performance.now() - start;
  return { ...(JSON.parse(out.trim().split('\n').at(-1)!) as Report), wall };
}
