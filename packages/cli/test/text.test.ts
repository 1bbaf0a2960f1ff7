import { describe, expect, it } from 'vitest';
import { progressLine } from '../src/progress.js';
import { bar, clip, magnitude, mebibytes, table } from '../src/text.js';

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

describe('progressLine', () => {
  it('gives bytes, speed and time left', () => {
    expect(progressLine('a.pth', 0, 25 * MIB, 100 * MIB, 5)).toBe(
      'a.pth  █████░░░░░░░░░░░░░░░  25.0 MiB of 100 MiB  5.0 MiB/s  15 s left',
    );
  });

  it('counts the speed from where it went on', () => {
    expect(progressLine('a.pth', 40 * MIB, 50 * MIB, 100 * MIB, 1)).toContain('10.0 MiB/s  5 s left');
    expect(progressLine('a.pth', 0, MIB, 701 * MIB, 1)).toContain('11 min 40 s left');
  });

  it('does without a size', () => {
    expect(progressLine('a.pth', 0, 3 * MIB, 0, 1)).toBe('a.pth  3.0 MiB  3.0 MiB/s');
    expect(progressLine('a.pth', 0, 0, 10 * MIB, 0)).toBe('a.pth  ░░░░░░░░░░░░░░░░░░░░  0.0 MiB of 10.0 MiB');
  });
});
