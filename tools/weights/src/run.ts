import { CnnzooError } from '@cnnzoo/core';

/**
 * Runs a tool: an error of ours is a message, not a trace; either way the exit status says that it failed. Paths are
 * meant from where the user called pnpm, which runs scripts in the directory of their package.
 */
export async function run(tool: () => Promise<void>): Promise<void> {
  try {
    if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
    await tool();
  } catch (error) {
    console.error(error instanceof CnnzooError ? error.message : error);
    process.exitCode = 1;
  }
}
