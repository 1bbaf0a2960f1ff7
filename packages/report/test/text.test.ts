import { describe, expect, it } from 'vitest';
import { bar, clip, duration, magnitude, mebibytes, table } from '../src/index.js';

const MIB = 2 ** 20;

describe('bar', () => {
  it('is drawn in eighths of a character', () => {
    expect(bar(0, 10)).toBe('');
    expect(bar(1, 3)).toBe('███');
    expect(bar(0.5, 3)).toBe('█▌');
    expect(bar(1 / 80, 10)).toBe('▏');
    expect(bar(1.2, 2)).toBe('██');
  });
});

describe('numbers', () => {
  it('have three digits or so', () => {
    expect(mebibytes(97.79 * MIB)).toBe('97.8 MiB');
    expect(mebibytes(230.47 * MIB)).toBe('230 MiB');
    expect([magnitude(25557032), magnitude(126886696), magnitude(61706), magnitude(7)]).toEqual([
      '25.6 M',
      '127 M',
      '61.7 k',
      '7',
    ]);
  });
});

it('durations have two units', () => {
  expect([0.2, 9, 65, 3725].map(duration)).toEqual(['1 s', '9 s', '1 min 05 s', '1 h 02 min']);
});

describe('clip', () => {
  it('shows that something is missing', () => {
    expect(clip('hamster', 7)).toBe('hamster');
    expect(clip('hamsters', 7)).toBe('hamste…');
  });
});

describe('table', () => {
  it('aligns and leaves no trailing spaces', () => {
    const columns = [{ head: 'name' }, { head: 'n', align: 'right' as const }, { head: 'note' }];
    expect(
      table(
        columns,
        [
          ['a', '1', ''],
          ['long one', '22', 'x'],
        ],
        String,
      ),
    ).toEqual(['name       n  note', 'a          1', 'long one  22  x']);
  });
});
