import { clip } from './lines.js';

/** Milliseconds between two drawings. */
const INTERVAL = 100;

const START_AND_ERASE = '\r\u001b[K';

/**
 * One line of a terminal that is redrawn in place, at most ten times a second. The cursor stays visible and the
 * terminal's modes stay unchanged, so a process that is killed leaves nothing to repair.
 */
export class LiveLine {
  private text = (): string => '';
  private timer: ReturnType<typeof setInterval> | undefined;
  private drawn = '';
  private drawnAt = 0;

  constructor(private readonly stream: Pick<NodeJS.WriteStream, 'write' | 'columns'>) {}

  /** Number of characters that fit into the line. */
  get width(): number {
    return (this.stream.columns || 80) - 1;
  }

  /** Shows what `text` returns at each drawing, until the next call of `show`. */
  show(text: () => string): void {
    this.text = text;
    if (this.timer === undefined) {
      this.timer = setInterval(() => this.draw(), INTERVAL);
      this.timer.unref?.();
      this.draw();
    } else if (performance.now() - this.drawnAt >= INTERVAL) this.draw();
  }

  /** Erases the line, so that the next output begins at its start. */
  clear(): void {
    if (this.timer === undefined) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.drawn = '';
    this.stream.write(START_AND_ERASE);
  }

  private draw(): void {
    this.drawnAt = performance.now();
    const text = clip(this.text(), this.width);
    if (text !== this.drawn) this.stream.write(START_AND_ERASE + text);
    this.drawn = text;
  }
}
