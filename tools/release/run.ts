import { spawn } from 'node:child_process';

/**
 * Variables that the surrounding `pnpm run` sets for its own scripts. A package manager started here must not inherit
 * them, and a program must not find the workspace's packages by NODE_PATH.
 */
const INHERITED =
  /^(npm_(lifecycle|package|config_user_agent|command|execpath|node_execpath)|PNPM_|INIT_CWD|NODE_PATH)/i;

const clean = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !INHERITED.test(name)));

/** Streams and exit status of a process that has ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Both streams together, in the order in which they were read. */
  readonly all: string;
}

/** Runs a command to its end, whatever its exit status. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Ended> {
  const child = spawn(command, args, {
    cwd,
    env: { ...clean(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err, all] = ['', '', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
    all += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk;
    all += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, out, err, all };
}

/** Runs a command to its end. Returns its standard output; if it fails, throws with everything that it printed. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  const { code, out, all } = await runToEnd(command, args, cwd, env);
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} (in ${cwd}) ended with ${code}:\n${all}`);
  return out;
}
