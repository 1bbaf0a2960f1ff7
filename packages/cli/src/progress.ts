import { type Params, SingleBar } from 'cli-progress';
import type { Terminal } from './terminal.js';
import { bar, clip, mebibytes } from './text.js';

/** Shows how far a download is. */
export interface DownloadProgress {
  /** `loaded` of `total` bytes are here; total 0: not known. */
  advance(file: string, loaded: number, total: number): void;
  /** The line is free again. */
  end(): void;
}

const duration = (seconds: number): string =>
  seconds < 60
    ? `${Math.ceil(seconds)} s`
    : `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;

/** `resnet50-11ad3fa6.pth  ███████▌        42.1 of 97.8 MiB   6.3 MiB/s   9 s left`; `before` was there at the start. */
export function progressLine(file: string, before: number, loaded: number, total: number, seconds: number): string {
  const speed = (loaded - before) / Math.max(seconds, 0.001);
  const parts = [clip(file, 36)];
  if (total) parts.push(bar(loaded / total, 20).padEnd(20, '░'), `${mebibytes(loaded)} of ${mebibytes(total)}`);
  else parts.push(mebibytes(loaded));
  if (speed > 0) parts.push(`${mebibytes(speed)}/s`);
  if (speed > 0 && total) parts.push(`${duration((total - loaded) / speed)} left`);
  return parts.join('  ');
}

interface State {
  readonly file: string;
  readonly before: number;
}

function drawn(stream: NodeJS.WriteStream): DownloadProgress {
  let state: State | undefined;
  const format = (_: unknown, { value, total, startTime }: Params, { file, before }: State): string =>
    progressLine(file, before, value, total, (Date.now() - startTime) / 1000);
  const drawing = new SingleBar({ stream, format, hideCursor: true, clearOnComplete: true, gracefulExit: false });
  const end = (): void => {
    if (state) drawing.stop();
    state = undefined;
  };
  return {
    advance(file, loaded, total) {
      // Another source is another file, and may begin anywhere.
      if (state?.file !== file) {
        end();
        state = { file, before: loaded };
        drawing.start(total, loaded, state);
      } else drawing.update(loaded);
    },
    end,
  };
}

/** A line per fifth of the file (or per 32 MiB), for logs. */
function written(err: Terminal['err']): DownloadProgress {
  let last = '';
  return {
    advance(file, loaded, total) {
      const step = `${file} ${Math.floor(loaded / (total ? total / 5 : 2 ** 25))}`;
      if (step === last) return;
      last = step;
      err(`${file}: ${mebibytes(loaded)}${total ? ` of ${mebibytes(total)}` : ''}`);
    },
    end() {},
  };
}

/** A bar on a terminal; elsewhere a few lines. On stderr. Nothing is shown until something is downloaded. */
export const downloadProgress = ({ live, err }: Terminal): DownloadProgress => (live ? drawn(live) : written(err));
