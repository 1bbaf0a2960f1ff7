/** Least that a connection must deliver to count as alive. */
export interface Patience {
  /** Milliseconds after which a connection that delivered less than `bytes` is given up. */
  readonly stallMs: number;
  readonly bytes: number;
  /** Milliseconds for all of the connection. Default: no limit. */
  readonly totalMs?: number;
}

export const PATIENCE: Patience = { stallMs: 30_000, bytes: 16_384 };

/** Thrown for a server that is dead or slower than anyone would wait for. */
export class StallError extends Error {
  constructor(
    message: string,
    /** Tells if the connection had been quick enough before. */
    readonly progressed: boolean,
  ) {
    super(message);
  }
}

/**
 * Watches one connection: `signal` aborts when too little arrives for too long. A server that answers nothing, one
 * that stops in the middle and one that drips a byte now and then are all caught.
 */
export class Watchdog {
  private readonly controller = new AbortController();
  private readonly total: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private received = 0;
  /** True after a whole allowance has arrived. */
  progressed = false;

  constructor(private readonly patience: Patience) {
    const { totalMs } = patience;
    if (totalMs !== undefined)
      this.total = setTimeout(() => this.abort(`the server did not finish in ${totalMs / 1000} s`), totalMs);
    this.wait();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Counts bytes that arrived. */
  feed(bytes: number): void {
    this.received += bytes;
    if (this.received < this.patience.bytes) return;
    this.progressed = true;
    this.wait();
  }

  /** Ends the watch. */
  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.total);
  }

  private wait(): void {
    const { stallMs, bytes } = this.patience;
    this.received = 0;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => this.abort(`the server sent less than ${bytes} bytes in ${stallMs / 1000} s`),
      stallMs,
    );
  }

  private abort(message: string): void {
    this.controller.abort(new StallError(message, this.progressed));
  }
}
