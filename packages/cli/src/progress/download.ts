import { duration, LiveLine, mebibytes, meter } from '@cnnzoo/report';
import type { Terminal } from '../terminal/index.js';

/** Progress of a download in bytes. */
export interface Loaded {
  /** Bytes received so far, those of an earlier attempt included. */
  readonly loaded: number;
  /** Size of the whole file in bytes; null if the server does not say. */
  readonly total: number | null;
}

/** Shows the progress of a download. */
export interface DownloadProgress {
  advance(bytes: Loaded): void;
  /** Erases the bar, so that other output can follow. */
  end(): void;
}

/**
 * Returns `resnet50  ███████░░░░░░░░░░░░░  42.1 MiB of 97.8 MiB  6.3 MiB/s  9 s left`.
 *
 * @param before bytes that were already there when the download began, `seconds` ago
 */
export function downloadLine(what: string, before: number, { loaded, total }: Loaded, seconds: number): string {
  const speed = (loaded - before) / Math.max(seconds, 0.001);
  const parts = [what];
  if (total) parts.push(meter(loaded / total), `${mebibytes(loaded)} of ${mebibytes(total)}`);
  else parts.push(mebibytes(loaded));
  if (speed > 0) parts.push(`${mebibytes(speed)}/s`);
  if (speed > 0 && total) parts.push(`${duration((total - loaded) / speed)} left`);
  return parts.join('  ');
}

function drawn(stream: NodeJS.WriteStream, what: string): DownloadProgress {
  const line = new LiveLine(stream);
  let [before, begun] = [0, 0];
  let last: number | undefined;
  const end = (): void => {
    line.clear();
    last = undefined;
  };
  return {
    advance(bytes) {
      const { loaded, total } = bytes;
      // Fewer bytes than before: another source, or the same one from the start.
      if (last === undefined || loaded < last) [before, begun] = [loaded, performance.now()];
      last = loaded;
      line.show(() => downloadLine(what, before, bytes, (performance.now() - begun) / 1000));
      // Ends at once, because the next output would run into the bar.
      if (loaded === total) end();
    },
    end,
  };
}

/** Writes a line at each fifth of the file (or every 32 MiB), for logs. */
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

/**
 * Shows a download on standard error: a bar on a terminal, a few lines elsewhere, nothing before the first bytes
 * arrive.
 */
export const downloadProgress = ({ live, err }: Terminal, what: string): DownloadProgress =>
  live ? drawn(live, what) : written(err, what);
