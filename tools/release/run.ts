import { spawn } from 'node:child_process';

/**
 * Variables that the surrounding `pnpm run` sets for its own scripts. A package manager started here must not inherit
 * them.
 */
const INHERITED = /^(npm_(lifecycle|package|config_user_agent|command|execpath|node_execpath)|PNPM_|INIT_CWD)/i;

const clean = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !INHERITED.test(name)));

/** Runs a command to its end. Returns its standard output; if it fails, throws with everything that it printed. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd,
    env: { ...clean(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let all = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
    all += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    all += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} (in ${cwd}) ended with ${code}:\n${all}`);
  return out;
}
