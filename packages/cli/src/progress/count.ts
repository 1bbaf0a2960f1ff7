import type { EpochRecord, FitProgress } from '@cnnzoo/core/train';
import { ProgressLine, percent } from '@cnnzoo/report';
import type { Terminal } from '../terminal/index.js';

/** Shows how far a training, and everything else that is counted, has come. */
export interface CountProgress {
  /** Shows an event of `fit`. */
  show(event: FitProgress): void;
  count(what: string, done: number, total: number): void;
  /** Writes a line that stays. */
  say(text: string): void;
  /** Frees the line. */
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

/** Writes a line per fifth of a count; none for training steps, since each epoch has a line of its own. */
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

/** Draws a bar with the time that is left on a terminal, writes a few lines elsewhere; on standard error. */
export const countProgress = ({ live, err }: Terminal): CountProgress => (live ? drawn(live, err) : written(err));

/** Returns `epoch  3 of 20  loss 0.812, top-1 71.2 %  validation: loss 0.934, top-1 66.0 %`. */
export function epochLine({ epoch, loss, top1, validation }: EpochRecord, epochs: number): string {
  const of = (part: { loss: number; top1: number }): string =>
    `loss ${part.loss.toFixed(3)}, top-1 ${percent(part.top1)}`;
  const number = String(epoch + 1).padStart(String(epochs).length);
  return `epoch ${number} of ${epochs}  ${of({ loss, top1 })}${validation ? `  validation: ${of(validation)}` : ''}`;
}
