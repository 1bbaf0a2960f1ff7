import { mebibytes } from '@cnnzoo/report';
import { describe, expect, it } from 'vitest';
import { downloadLine, downloadProgress, type Loaded } from '../src/progress/index.js';
import type { Terminal } from '../src/terminal/index.js';

const MIB = 2 ** 20;

const lines = (steps: readonly Loaded[]): string[] => {
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

describe('downloadLine', () => {
  it('gives bytes, speed and time left', () => {
    expect(downloadLine('a', 0, { loaded: 25 * MIB, total: 100 * MIB }, 5)).toBe(
      'a  █████░░░░░░░░░░░░░░░  25.0 MiB of 100 MiB  5.0 MiB/s  15 s left',
    );
  });

  it('counts the speed from where it went on', () => {
    expect(downloadLine('a', 40 * MIB, { loaded: 50 * MIB, total: 100 * MIB }, 1)).toContain('10.0 MiB/s  5 s left');
    expect(downloadLine('a', 0, { loaded: MIB, total: 701 * MIB }, 1)).toContain('11 min 40 s left');
  });

  it('does without a size', () => {
    expect(downloadLine('a', 0, { loaded: 3 * MIB, total: null }, 1)).toBe('a  3.0 MiB  3.0 MiB/s');
    expect(downloadLine('a', 0, { loaded: 0, total: 10 * MIB }, 0)).toBe(
      'a  ░░░░░░░░░░░░░░░░░░░░  0.0 MiB of 10.0 MiB',
    );
  });
});
