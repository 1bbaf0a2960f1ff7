import type { FitProgress } from '@cnnzoo/core/train';
import { countLine, fitLine } from './fit-line.js';
import { meter } from './lines.js';
import { LiveLine } from './live-line.js';

/** Least and most characters of the bar beside a training's line. The room that is left decides. */
const [SHORTEST, LONGEST] = [5, 20];

/** Estimates the remaining time of each count from its rate since the count was first seen. */
class Clock {
  private readonly counts = new Map<string, { first: number; at: number; last: number }>();

  /** Returns the seconds left at the rate so far; undefined before the count has advanced. */
  left(what: string, done: number, total: number): number | undefined {
    const now = performance.now();
    let count = this.counts.get(what);
    // A smaller number than before begins a new count.
    if (!count || done < count.last) count = { first: done, at: now, last: done };
    this.counts.set(what, { ...count, last: done });
    const { first, at } = count;
    return done > first ? ((now - at) / 1000 / (done - first)) * (total - done) : undefined;
  }
}

/**
 * Draws the progress of a training, or of anything that is counted, as one line of a terminal. The line is erased at
 * the end.
 */
export class ProgressLine {
  private readonly clock = new Clock();
  private readonly line: LiveLine;

  constructor(stream: ConstructorParameters<typeof LiveLine>[0]) {
    this.line = new LiveLine(stream);
  }

  /** Draws an event of `fit`. */
  show(event: FitProgress): void {
    if (event.work === 'ended') this.clear();
    else if (event.work === 'training') {
      this.line.show(() => {
        const text = fitLine(event, this.line.width - SHORTEST - 2);
        const room = Math.min(LONGEST, Math.max(SHORTEST, this.line.width - text.length - 2));
        return `${meter(event.fraction, room)}  ${text}`;
      });
      // The script may print a line about the epoch next.
      if (event.done === event.total) this.clear();
    } else this.count(event.work, event.done, event.total);
  }

  /** Draws a count with its remaining time. */
  count(what: string, done: number, total: number): void {
    const text = countLine(what, done, total, '', this.clock.left(what, done, total));
    this.line.show(() => text);
    if (done === total) this.clear();
  }

  clear(): void {
    this.line.clear();
  }
}
