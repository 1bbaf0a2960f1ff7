/** Characters that move a terminal's cursor, change its colours, or turn the direction of the text around them. */
const HIDDEN = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const digits = code.toString(16);
  return code < 0x20 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`;
}

/**
 * Returns a foreign name (of a file or class) with control characters and the like escaped, as `\x1b`, for messages.
 *
 * @example
 * ```ts
 * import { visible } from '@cnnzoo/core/internal/text';
 * visible('net\u001b[2J.pth'); // 'net\\x1b[2J.pth'
 * ```
 */
export const visible = (name: string): string => name.replace(HIDDEN, escaped);

/**
 * Returns text of several lines with such characters escaped. Line breaks and tabs stay.
 *
 * @example
 * ```ts
 * import { visibleText } from '@cnnzoo/core/internal/text';
 * visibleText('a\tb\u0007\nc'); // 'a\tb\\x07\nc'
 * ```
 */
export const visibleText = (text: string): string =>
  text.replace(HIDDEN, (character) => (character === '\n' || character === '\t' ? character : escaped(character)));

/** Kind of a CnnzooError, for code that handles errors. People read the message. */
export type ErrorCode =
  | 'BACKEND' // no backend can be used, the named one is not installed, or an image decoder can't start
  | 'INPUT' // an argument or option has a value that the function can't take
  | 'IMAGE' // an image can't be decoded, or is of the wrong kind
  | 'SHAPE' // shapes don't fit together
  | 'STATE_DICT' // keys or shapes of a state dict don't fit the net
  | 'FORMAT' // a file is damaged, or of no known format
  | 'UNSAFE' // a pickle whose tensors are objects of a Python program
  | 'HASH' // bytes differ from the published ones
  | 'DOWNLOAD' // a server is dead or slow, or answers with something else
  | 'FILE' // a path is missing, is a directory, or can't be written
  | 'ABORTED' // the caller's signal stopped the work
  | 'TRAINING'; // a training step can't be taken

/**
 * Error of every cnnzoo package but the kernels. Its message says what was expected, what was received and what to do.
 *
 * `instanceof` also recognises an error of another copy of core, as in a program that has two versions of core.
 *
 * @example
 * ```ts
 * import { CnnzooError, loadStateDict } from '@cnnzoo/core';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * try {
 *   await loadStateDict(resnet18({ numClasses: 5 }), 'flowers.safetensors');
 * } catch (error) {
 *   if (!(error instanceof CnnzooError && error.code === 'STATE_DICT')) throw error;
 *   console.error(`The checkpoint is of another net: ${error.message}`);
 * }
 * ```
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

/** Messages that `warn` has printed. */
const said = new Set<string>();

/** Prints a warning of something that stops nothing. Each message is printed once. */
export function warn(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  console.warn(`cnnzoo: ${visibleText(message)}`);
}
