import { CnnzooError } from '@cnnzoo/core';
import { visibleText } from '@cnnzoo/core/internal/text';
import { type Context, EXIT } from './terminal/index.js';

export interface Fault {
  readonly code: string;
  readonly message: string;
}

/** Returns an error as `--json` tells it. 'UNEXPECTED' is the code of an error that cnnzoo did not foresee. */
export const faultOf = (error: unknown): Fault =>
  error instanceof CnnzooError
    ? { code: error.code, message: error.message }
    : { code: 'UNEXPECTED', message: error instanceof Error ? error.message : String(error) };

/**
 * Writes a JSON document to standard output. JSON escapes control characters below 0x20; `visibleText` escapes the others
 * that would change a terminal.
 */
export const writeJson = ({ terminal }: Context, value: unknown): void =>
  terminal.out(visibleText(JSON.stringify(value, null, 2)));

/** Writes an error for people to standard error. */
export const writeFault = ({ terminal: { err, errColors } }: Context, { message }: Fault): void =>
  err(`${errColors.red(errColors.bold('error'))} ${visibleText(message)}`);

/** Returns the error of a command that Ctrl-C ended. The interrupted part says in its message how to resume. */
const stopped = (error: unknown): Fault => ({
  code: 'ABORTED',
  message: error instanceof CnnzooError && error.code === 'ABORTED' ? error.message : 'Stopped.',
});

/** Reports the error that ended a command, and returns its exit code. */
export function report(error: unknown, context: Context, json: boolean | undefined): number {
  const interrupted = context.signal.aborted;
  const fault = interrupted ? stopped(error) : faultOf(error);
  if (json) writeJson(context, { error: fault });
  else if (interrupted) context.terminal.err(visibleText(fault.message));
  else {
    writeFault(context, fault);
    // Only an error that cnnzoo did not foresee needs a stack.
    if (fault.code === 'UNEXPECTED' && error instanceof Error) context.terminal.err(visibleText(error.stack ?? ''));
  }
  return interrupted ? EXIT.interrupted : EXIT.failed;
}
