import { duration, LiveLine, mebibytes, meter } from '@cnnzoo/report';
import type { Terminal } from '../terminal/index.js';

/** Bytes of a download. */
export interface Loaded {
  /** Bytes that are here. */
  readonly loaded: number;
  /** Bytes of the whole file; null if the server does not tell. */
  readonly total: number | null;
}

/** Shows how far a download is. */
export interface DownloadProgress {
  advance(bytes: Loaded): void;
  /** Frees the line. */
  end(): void;
}

/**
 * Returns `resnet50  ███████░░░░░░░░░░░░░  42.1 MiB of 97.8 MiB  6.3 MiB/s  9 s left`.
 * @param before bytes that were here when the download began, `seconds` ago.
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
      // Less than before: another source, or the same from the start.
      if (last === undefined || loaded < last) [before, begun] = [loaded, performance.now()];
      last = loaded;
      line.show(() => downloadLine(what, before, bytes, (performance.now() - begun) / 1000));
      // Not later: what is written next would run into the bar.
      if (loaded === total) end();
    },
    end,
  };
}

/** Writes a line per fifth of the file (or per 32 MiB), for logs. */
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

/** Draws a bar on a terminal, writes a few lines elsewhere; on standard error. Shows nothing until the first bytes come. */
export const downloadProgress = ({ live, err }: Terminal, what: string): DownloadProgress =>
  live ? drawn(live, what) : written(err, what);
