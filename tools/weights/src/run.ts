import { CnnzooError } from '@cnnzoo/core';

/**
 * Runs a tool. Prints an error of ours as a message, without a stack; the exit status tells of any failure. Paths are
 * relative to the directory from which the user called pnpm, which runs scripts in the directory of their package.
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
