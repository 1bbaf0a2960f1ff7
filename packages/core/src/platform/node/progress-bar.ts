import type { ProgressBar } from '../../train/fit/progress-line.js';

/** A bar on the terminal; undefined where standard error is none. */
export async function progressBar(): Promise<ProgressBar | undefined> {
  const { stderr } = process;
  if (!stderr.isTTY) return undefined;
  const { default: progress } = await import('cli-progress');
  const bar = new progress.SingleBar({
    stream: stderr,
    format: '{bar} {text}',
    barsize: 20,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    // What ends a process is not this library's to decide.
    gracefulExit: false,
  });
  bar.start(1, 0, { text: '' });
  return {
    update: (share, text) => bar.update(share, { text }),
    end: () => bar.stop(),
  };
}
