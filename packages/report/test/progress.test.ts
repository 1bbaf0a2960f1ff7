import type { TrainingProgress } from '@cnnzoo/core/train';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { countLine, fitLine, LiveLine, ProgressLine } from '../src/index.js';

const event: TrainingProgress = {
  ...{ work: 'training', fraction: 0.25, epoch: 2, epochs: 20, done: 120, total: 391 },
  ...{ loss: 1.234, top1: 0.452, imagesPerSecond: 400, secondsLeft: 200 },
};

describe('lines of a training', () => {
  it('tell how far it is', () => {
    expect(countLine('training', 5, 20, 'loss 0.812', 125)).toBe(
      'training  █████░░░░░░░░░░░░░░░  5 of 20  loss 0.812  2 min 05 s left',
    );
    expect(countLine('validation', 32, 64, '', undefined)).toBe('validation  ██████████░░░░░░░░░░  32 of 64');
  });

  it('say where a training is', () => {
    expect(fitLine(event)).toBe('epoch 3/20  120/391  loss 1.234  top-1 45.2 %  400 images/s  3 min 20 s left');
    expect(fitLine({ ...event, imagesPerSecond: 2, secondsLeft: 3725 })).toMatch(/2\.0 images\/s {2}1 h 02 min left$/);
  });

  it('leave out the speed where there is no room', () => {
    expect(fitLine(event, 73)).toBe('epoch 3/20  120/391  loss 1.234  top-1 45.2 %  3 min 20 s left');
  });
});

/** Makes a terminal that keeps everything written to it. */
function terminal(columns = 80) {
  const written: string[] = [];
  return { written, stream: { columns, write: (text: string) => written.push(text) > 0 } };
}

const ERASE = '\r\u001b[K';

describe('a live line', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is drawn at most ten times a second, and goes on while nothing is new', () => {
    const { written, stream } = terminal();
    const line = new LiveLine(stream);
    for (let i = 0; i < 50; i++) line.show(() => String(i));
    expect(written).toEqual([`${ERASE}0`]);
    let asked = 0;
    line.show(() => `asked ${++asked}`);
    vi.advanceTimersByTime(250);
    expect(written.slice(1)).toEqual([`${ERASE}asked 1`, `${ERASE}asked 2`]);
  });

  it('is as long as the terminal, and no longer', () => {
    const { written, stream } = terminal(10);
    new LiveLine(stream).show(() => '0123456789');
    expect(written).toEqual([`${ERASE}01234567…`]);
  });

  it('leaves an empty line and no timer', () => {
    const { written, stream } = terminal();
    const line = new LiveLine(stream);
    line.clear();
    expect(written).toEqual([]);
    line.show(() => 'a');
    line.clear();
    line.clear();
    expect(written.slice(1)).toEqual([ERASE]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the progress of a training', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is a bar over the whole training, as long as there is room', () => {
    const { written, stream } = terminal(80);
    new ProgressLine(stream).show(event);
    expect(written).toEqual([
      `${ERASE}███▊░░░░░░░░░░░  epoch 3/20  120/391  loss 1.234  top-1 45.2 %  3 min 20 s left`,
    ]);
    expect(written[0]!.length - ERASE.length).toBeLessThanOrEqual(79);
  });

  it.each([
    ['at the end of an epoch', { ...event, done: 391 }],
    ['at the end of a validation', { work: 'validation', fraction: 0.3, done: 20, total: 20 }],
    ['when it ends', { work: 'ended', fraction: 0.3 }],
  ] as const)('frees the line %s', (_, last) => {
    const { written, stream } = terminal();
    const line = new ProgressLine(stream);
    line.show(event);
    line.show(last);
    expect(written.at(-1)).toBe(ERASE);
    expect(vi.getTimerCount()).toBe(0);
  });
});
