/** Characters that move a terminal's cursor, change its colours, or turn the direction of the text around them. */
const HIDDEN = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const digits = code.toString(16);
  return code < 0x20 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`;
}

/** A name of somebody else's (a file's, a class') for people to read: control characters and the like as `\x1b`. */
export const visible = (name: string): string => name.replace(HIDDEN, escaped);

/** The same for text of several lines, whose line breaks and tabs stay. */
export const visibleText = (text: string): string =>
  text.replace(HIDDEN, (character) => (character === '\n' || character === '\t' ? character : escaped(character)));

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

const said = new Set<string>();

/** Says something that the user should know but that stops nothing. Each message once. */
export function warn(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  console.warn(`cnnzoo: ${visibleText(message)}`);
}
