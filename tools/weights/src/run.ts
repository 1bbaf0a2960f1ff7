import { CnnzooError } from '@cnnzoo/core';

/** Runs a tool: an error of ours is a message, not a trace; either way the exit status says that it failed. */
export async function run(tool: () => Promise<void>): Promise<void> {
  try {
    await tool();
  } catch (error) {
    console.error(error instanceof CnnzooError ? error.message : error);
    process.exitCode = 1;
  }
}
