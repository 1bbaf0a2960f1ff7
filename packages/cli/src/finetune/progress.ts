import type { EpochRecord } from '@cnnzoo/core/train';
import { type Params, SingleBar } from 'cli-progress';
import type { Terminal } from '../terminal.js';
import { bar, duration, percent } from '../text.js';

/** Shows how far something is that is counted. */
export interface Progress {
  /** @param note what else there is to say of it. */
  advance(what: string, done: number, total: number, note?: string): void;
  /** A line that stays. */
  say(text: string): void;
  /** The line is free again. */
  end(): void;
}

/** Where each count was first seen: its rate is taken from there, with all that went on in between. */
class Clock {
  private readonly counts = new Map<string, { first: number; at: number; last: number }>();

  /** Seconds that are left at the rate so far; undefined where it is not known. */
  left(what: string, done: number, total: number): number | undefined {
    const now = performance.now();
    let count = this.counts.get(what);
    // Less than before: counted anew.
    if (!count || done < count.last) count = { first: done, at: now, last: done };
    this.counts.set(what, { ...count, last: done });
    const { first, at } = count;
    return done > first ? ((now - at) / 1000 / (done - first)) * (total - done) : undefined;
  }
}

/** `training  ███████▌░░░  120 of 640  loss 0.812  2 min 05 s left` */
export function countLine(what: string, done: number, total: number, note: string, left: number | undefined): string {
  const drawing = bar(done / total, 20).padEnd(20, '░');
  const parts = [what, drawing, `${done} of ${total}`, note, left === undefined ? '' : `${duration(left)} left`];
  return parts.filter((part) => part !== '').join('  ');
}

function drawn(stream: NodeJS.WriteStream, err: Terminal['err']): Progress {
  const clock = new Clock();
  let text = '';
  let isDrawn = false;
  const format = (_options: unknown, _params: Params): string => text;
  const drawing = new SingleBar({ stream, format, hideCursor: true, clearOnComplete: true, gracefulExit: false });
  const end = (): void => {
    if (isDrawn) drawing.stop();
    isDrawn = false;
  };
  return {
    advance(what, done, total, note = '') {
      text = countLine(what, done, total, note, clock.left(what, done, total));
      if (!isDrawn) drawing.start(total, done);
      else drawing.update(done);
      isDrawn = true;
      if (done === total) end();
    },
    say(line) {
      end();
      err(line);
    },
    end,
  };
}

/** A line per fifth; of training, whose epochs have lines of their own, none. */
function written(err: Terminal['err']): Progress {
  let last = '';
  return {
    advance(what, done, total) {
      const step = `${what} ${Math.floor((5 * done) / total)}`;
      if (what !== TRAINING && step !== last) err(`${what}: ${done} of ${total}`);
      last = step;
    },
    say: err,
    end() {},
  };
}

export const TRAINING = 'training';

/** A bar with the time that is left on a terminal, elsewhere a few lines; on stderr. */
export const countProgress = ({ live, err }: Terminal): Progress => (live ? drawn(live, err) : written(err));

/** `epoch  3 of 20  loss 0.812, top-1 71.2 %  validation: loss 0.934, top-1 66.0 %` */
export function epochLine({ epoch, loss, top1, validation }: EpochRecord, epochs: number): string {
  const of = (part: { loss: number; top1: number }): string =>
    `loss ${part.loss.toFixed(3)}, top-1 ${percent(part.top1)}`;
  const number = String(epoch + 1).padStart(String(epochs).length);
  return `epoch ${number} of ${epochs}  ${of({ loss, top1 })}${validation ? `  validation: ${of(validation)}` : ''}`;
}
