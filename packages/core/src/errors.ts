import { visibleText } from './visible.js';

/** What went wrong, for code that handles errors; the message is for people. */
export type ErrorCode =
  | 'BACKEND' // no backend, or one that is not installed; an image decoder that can't start
  | 'INPUT' // an argument that a function can't take
  | 'IMAGE' // an image that can't be decoded or is of the wrong kind
  | 'SHAPE' // shapes that don't fit together
  | 'STATE_DICT' // keys or shapes that don't fit the net
  | 'FORMAT' // a file that is damaged, or of no known format
  | 'UNSAFE' // a pickle whose tensors are objects of a Python program
  | 'HASH' // bytes that aren't the published ones
  | 'DOWNLOAD' // a server that is dead, slow, or answers nonsense
  | 'FILE' // a path that is missing, a directory, or can't be written
  | 'ABORTED' // the caller's signal
  | 'TRAINING'; // a step that can't be taken

/**
 * The one error that cnnzoo throws. Its message says what was expected, what was received and what to do.
 * `instanceof` also recognises an error of another copy of core (two versions in one program).
 */
export class CnnzooError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return (value as { cnnzoo?: unknown } | null | undefined)?.cnnzoo === 'error';
  }

  readonly cnnzoo = 'error';
  override readonly name = 'CnnzooError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(visibleText(message), options);
  }
}
