import type { FitOptions } from '@cnnzoo/core/train';
import { progressBar } from 'cnnzoo';
import { afterEach, describe, expect, it, vi } from 'vitest';

const { stderr } = process;
const isTTY = Object.getOwnPropertyDescriptor(stderr, 'isTTY');

/** Makes standard error a terminal or not, and keeps everything written to it. */
function standardError(terminal: boolean): string[] {
  const written: string[] = [];
  Object.defineProperty(stderr, 'isTTY', { value: terminal, configurable: true });
  vi.spyOn(stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  return written;
}

afterEach(() => {
  vi.restoreAllMocks();
  if (isTTY) Object.defineProperty(stderr, 'isTTY', isTTY);
  else Reflect.deleteProperty(stderr, 'isTTY');
});

describe('progressBar', () => {
  const event = { work: 'validation', fraction: 0.5, done: 20, total: 40 } as const;

  it('draws on a terminal, and frees the line when the training ends', () => {
    const written = standardError(true);
    const show = progressBar();
    show(event);
    expect(written).toEqual([expect.stringContaining('validation  ██████████░░░░░░░░░░  20 of 40')]);
    show({ work: 'ended', fraction: 0.5 });
    expect(written.slice(1)).toEqual(['\r\u001b[K']);
  });

  it('draws nothing elsewhere', () => {
    const written = standardError(false);
    progressBar()(event);
    expect(written).toEqual([]);
  });

  it('refuses to be the listener itself', () => {
    // Passed as `fit` would call it.
    const onProgress: NonNullable<FitOptions['onProgress']> = progressBar as () => void;
    expect(() => onProgress(event)).toThrow('Write onProgress: progressBar().');
  });
});
