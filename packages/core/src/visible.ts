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
