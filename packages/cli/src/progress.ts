import { type Params, SingleBar } from 'cli-progress';
import type { Terminal } from './terminal.js';
import { bar, duration, mebibytes } from './text.js';

/** Bytes that are here, and of the whole file where that is known. */
export interface Progress {
  readonly loaded: number;
  readonly total: number | null;
}

/** Shows how far a download is. */
export interface DownloadProgress {
  advance(progress: Progress): void;
  /** The line is free again. */
  end(): void;
}

/** `resnet50  ███████▌            42.1 MiB of 97.8 MiB  6.3 MiB/s  9 s left`; `before` was here `seconds` ago. */
export function progressLine(what: string, before: number, { loaded, total }: Progress, seconds: number): string {
  const speed = (loaded - before) / Math.max(seconds, 0.001);
  const parts = [what];
  if (total) parts.push(bar(loaded / total, 20).padEnd(20, '░'), `${mebibytes(loaded)} of ${mebibytes(total)}`);
  else parts.push(mebibytes(loaded));
  if (speed > 0) parts.push(`${mebibytes(speed)}/s`);
  if (speed > 0 && total) parts.push(`${duration((total - loaded) / speed)} left`);
  return parts.join('  ');
}

function drawn(stream: NodeJS.WriteStream, what: string): DownloadProgress {
  let before = 0;
  let last: number | undefined;
  const format = (_: unknown, { value, total, startTime }: Params): string =>
    progressLine(what, before, { loaded: value, total }, (Date.now() - startTime) / 1000);
  const drawing = new SingleBar({ stream, format, hideCursor: true, clearOnComplete: true, gracefulExit: false });
  const end = (): void => {
    if (last !== undefined) drawing.stop();
    last = undefined;
  };
  return {
    advance({ loaded, total }) {
      // Less than before: another source, or the same from the start.
      if (last === undefined || loaded < last) {
        end();
        before = loaded;
        drawing.start(total ?? 0, loaded);
      } else drawing.update(loaded);
      last = loaded;
      // Not later: what is written next would run into the bar.
      if (loaded === total) end();
    },
    end,
  };
}

/** A line per fifth of the file (or per 32 MiB), for logs. */
function written(err: Terminal['err'], what: string): DownloadProgress {
  let last: number | undefined;
  return {
    advance({ loaded, total }) {
      const step = Math.floor(loaded / (total ? total / 5 : 2 ** 25));
      if (step !== last) err(`${what}: ${mebibytes(loaded)}${total ? ` of ${mebibytes(total)}` : ''}`);
      last = step;
    },
    end() {},
  };
}

/** A bar on a terminal, elsewhere a few lines; on stderr. Nothing is shown until something is downloaded. */
export const downloadProgress = ({ live, err }: Terminal, what: string): DownloadProgress =>
  live ? drawn(live, what) : written(err, what);
