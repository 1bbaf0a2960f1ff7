#!/usr/bin/env node
import { run } from './program.js';
import { EXIT, processTerminal } from './terminal/index.js';

const stop = new AbortController();
process.on('SIGINT', () => {
  // The first Ctrl-C lets a download keep what it has; a second one doesn't wait.
  if (stop.signal.aborted) process.exit(EXIT.interrupted);
  stop.abort();
});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough, such as `head`.
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

run(process.argv.slice(2), { terminal: processTerminal(), signal: stop.signal }).then((code) => {
  // Not process.exit: what is written to a pipe still has to leave.
  process.exitCode = code;
});
