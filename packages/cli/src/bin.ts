#!/usr/bin/env node
import { run } from './program.js';
import { EXIT, processTerminal } from './terminal/index.js';

const stop = new AbortController();
process.on('SIGINT', () => {
  // The first Ctrl-C lets a download keep what has arrived; a second one ends the process at once.
  if (stop.signal.aborted) process.exit(EXIT.interrupted);
  stop.abort();
});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of the pipe, such as `head`, has seen enough.
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

run(process.argv.slice(2), { terminal: processTerminal(), signal: stop.signal }).then((code) => {
  // process.exit would lose output that is still on its way into a pipe.
  process.exitCode = code;
});
