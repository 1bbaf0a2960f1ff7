import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Report } from './report.js';

export const bench = fileURLToPath(new URL('..', import.meta.url));

/**
 * Folder inside the workspace, so that programs there import the built packages by their exports, as a user's program
 * does.
 */
const compiled = join(bench, '..', 'node_modules', '.cache', 'cnnzoo-bench');

/** Process to measure. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Compiles a script of this folder for plain Node, so that no loader stands between the measured code and its imports.
 */
export async function nodeScript(path: string, args: readonly string[] = [], nodeArgs: readonly string[] = []) {
  await mkdir(compiled, { recursive: true });
  const outfile = join(compiled, `${path.replaceAll('/', '-').replace(/\.ts$/, '')}.mjs`);
  await build({
    entryPoints: [join(bench, path)],
    outfile,
    bundle: true,
    packages: 'external',
    // The workspace's own tsconfig would lead to the sources by its `paths`.
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
    // Threads that wait in a busy loop take a shared processor from the threads they wait for: PyTorch on two threads
    // was then up to twenty times as slow as on one.
    OMP_WAIT_POLICY: 'passive',
  },
});

/** Returns the reason why Python cannot be a peer; undefined if it can. */
export async function pythonLacks(...modules: readonly string[]): Promise<string | undefined> {
  try {
    await run({ program: python, args: ['-c', `import ${modules.join(', ')}`] });
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    return `'${python}' can't import ${modules.join(', ')} (${why}); name another with PYTHON=…`;
  }
}

/** Runs a process to its end. Rejects with its standard error if it fails. */
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

/** Result of one run: the process's own report, and its lifetime. */
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
