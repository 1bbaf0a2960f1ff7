import type { EpochRecord, FitProgress } from '@cnnzoo/core/train';
import { ProgressLine, percent } from '@cnnzoo/report';
import type { Terminal } from '../terminal/index.js';

/** Shows the progress of a training and of everything else that is counted. */
export interface CountProgress {
  /** Shows an event of `fit`. */
  show(event: FitProgress): void;
  count(what: string, done: number, total: number): void;
  /** Writes a line that stays. */
  say(text: string): void;
  /** Erases the bar, so that other output can follow. */
  end(): void;
}

function drawn(stream: NodeJS.WriteStream, err: Terminal['err']): CountProgress {
  const line = new ProgressLine(stream);
  return {
    show: (event) => line.show(event),
    count: (what, done, total) => line.count(what, done, total),
    say(text) {
      line.clear();
      err(text);
    },
    end: () => line.clear(),
  };
}

/** Writes a line at each fifth of a count, but none for training steps, since each epoch has its own line. */
function written(err: Terminal['err']): CountProgress {
  let last = '';
  const count = (what: string, done: number, total: number): void => {
    const step = `${what} ${Math.floor((5 * done) / total)}`;
    if (step !== last) err(`${what}: ${done} of ${total}`);
    last = step;
  };
  return {
    show(event) {
      if (event.work === 'training') last = '';
      else if (event.work !== 'ended') count(event.work, event.done, event.total);
    },
    count,
    say: err,
    end() {},
  };
}

/** Shows counts on standard error: a bar with the remaining time on a terminal, a few lines elsewhere. */
export const countProgress = ({ live, err }: Terminal): CountProgress => (live ? drawn(live, err) : written(err));

/** Returns `epoch  3 of 20  loss 0.812, top-1 71.2 %  validation: loss 0.934, top-1 66.0 %`. */
export function epochLine({ epoch, loss, top1, validation }: EpochRecord, epochs: number): string {
  const of = (part: { loss: number; top1: number }): string =>
    `loss ${part.loss.toFixed(3)}, top-1 ${percent(part.top1)}`;
  const number = String(epoch + 1).padStart(String(epochs).length);
  return `epoch ${number} of ${epochs}  ${of({ loss, top1 })}${validation ? `  validation: ${of(validation)}` : ''}`;
}
