import { afterEach, expect, it, vi } from 'vitest';
import { CnnzooError } from '../src/index.js';
import { visible, visibleText, warn } from '../src/util/errors.js';

afterEach(() => vi.restoreAllMocks());

it.each([
  ['an escape that clears the screen', 'a\u001b[2Jb', String.raw`a\x1b[2Jb`],
  ['a title', '\u001b]0;title\u0007', String.raw`\x1b]0;title\x07`],
  ['an escape of one byte', 'a\u009b31mb', String.raw`a\u009b31mb`],
  ['a delete', 'a\u007f', String.raw`a\u007f`],
  ['a line break and a return', 'a\r\nb', String.raw`a\x0d\x0ab`],
  ['text turned round', 'exe.\u202egnp.jpg', String.raw`exe.\u202egnp.jpg`],
  ['isolates of direction', '\u2066a\u2069\u200f\u061c', String.raw`\u2066a\u2069\u200f\u061c`],
  ['separators of lines', 'a\u2028b\u2029', String.raw`a\u2028b\u2029`],
  ['what is only foreign', 'é 日本 عربى 👩‍👧 ~\u00a0', 'é 日本 عربى 👩‍👧 ~\u00a0'],
])('shows %s', (_, name, shown) => {
  expect(visible(name)).toBe(shown);
  expect(visible(shown)).toBe(shown);
});

it('leaves the lines of a text, in errors and warnings too', () => {
  expect(visibleText('a\n\tb\r\u001b')).toBe('a\n\tb\\x0d\\x1b');
  expect(new CnnzooError('INPUT', 'one\n\u001btwo').message).toBe('one\n\\x1btwo');
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  warn('one\n\u202etwo');
  expect(warned).toHaveBeenCalledWith('cnnzoo: one\n\\u202etwo');
});
