import { CnnzooError } from '@cnnzoo/core';
import { visibleText } from '../../core/src/visible.js';
import { type Context, EXIT } from './context.js';

export interface Fault {
  readonly code: string;
  readonly message: string;
}

/** What `--json` says of an error. 'UNEXPECTED' is one that cnnzoo did not foresee. */
export const faultOf = (error: unknown): Fault =>
  error instanceof CnnzooError
    ? { code: error.code, message: error.message }
    : { code: 'UNEXPECTED', message: error instanceof Error ? error.message : String(error) };

/** JSON escapes control characters below 0x20 itself; what else would change a terminal, `visibleText` writes as JSON does. */
export const writeJson = ({ terminal }: Context, value: unknown): void =>
  terminal.out(visibleText(JSON.stringify(value, null, 2)));

/** One message for people on stderr. */
export const writeFault = ({ terminal: { err, errColors } }: Context, { message }: Fault): void =>
  err(`${errColors.red(errColors.bold('error'))} ${visibleText(message)}`);

/** What ended at Ctrl-C: whoever was at it knows how to go on. */
const stopped = (error: unknown): Fault => ({
  code: 'ABORTED',
  message: error instanceof CnnzooError && error.code === 'ABORTED' ? error.message : 'Stopped.',
});

/** Reports what ended a command, and gives the exit code for it. */
export function report(error: unknown, context: Context, json: boolean | undefined): number {
  const interrupted = context.signal.aborted;
  const fault = interrupted ? stopped(error) : faultOf(error);
  if (json) writeJson(context, { error: fault });
  else if (interrupted) context.terminal.err(visibleText(fault.message));
  else {
    writeFault(context, fault);
    // Only a fault of our own needs a stack.
    if (fault.code === 'UNEXPECTED' && error instanceof Error) context.terminal.err(visibleText(error.stack ?? ''));
  }
  return interrupted ? EXIT.interrupted : EXIT.failed;
}
