import { describe, expect, it } from 'vitest';
import { downloadProgress, type Progress, progressLine } from '../src/progress.js';
import type { Terminal } from '../src/terminal.js';
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

const lines = (steps: readonly Progress[]): string[] => {
  const written: string[] = [];
  const err = (text: string): void => void written.push(text);
  const progress = downloadProgress({ err, live: undefined } as Terminal, 'net');
  for (const step of steps) progress.advance(step);
  progress.end();
  return written;
};

describe('downloadProgress', () => {
  it('writes a line for each fifth into a log', () => {
    const steps = Array.from({ length: 101 }, (_, i) => ({ loaded: i * MIB, total: 100 * MIB }));
    expect(lines(steps)).toEqual([0, 20, 40, 60, 80, 100].map((n) => `net: ${mebibytes(n * MIB)} of 100 MiB`));
  });

  it('does so without a size too', () => {
    const steps = Array.from({ length: 80 }, (_, i) => ({ loaded: i * MIB, total: null }));
    expect(lines(steps)).toEqual(['net: 0.0 MiB', 'net: 32.0 MiB', 'net: 64.0 MiB']);
  });
});

describe('progressLine', () => {
  it('gives bytes, speed and time left', () => {
    expect(progressLine('a', 0, { loaded: 25 * MIB, total: 100 * MIB }, 5)).toBe(
      'a  █████░░░░░░░░░░░░░░░  25.0 MiB of 100 MiB  5.0 MiB/s  15 s left',
    );
  });

  it('counts the speed from where it went on', () => {
    expect(progressLine('a', 40 * MIB, { loaded: 50 * MIB, total: 100 * MIB }, 1)).toContain('10.0 MiB/s  5 s left');
    expect(progressLine('a', 0, { loaded: MIB, total: 701 * MIB }, 1)).toContain('11 min 40 s left');
  });

  it('does without a size', () => {
    expect(progressLine('a', 0, { loaded: 3 * MIB, total: null }, 1)).toBe('a  3.0 MiB  3.0 MiB/s');
    expect(progressLine('a', 0, { loaded: 0, total: 10 * MIB }, 0)).toBe(
      'a  ░░░░░░░░░░░░░░░░░░░░  0.0 MiB of 10.0 MiB',
    );
  });
});
