/** What a connection must deliver to count as alive. */
export interface Patience {
  /** Milliseconds after which a connection that delivered less than `bytes` is given up. */
  readonly stallMs: number;
  readonly bytes: number;
}

/** Thrown where a server is dead or slower than anyone would wait for. */
export class StallError extends Error {
  constructor(
    /** Whether the connection had been quick enough before. */
    readonly progressed: boolean,
    { stallMs, bytes }: Patience,
  ) {
    super(`the server sent less than ${bytes} bytes in ${stallMs / 1000} s`);
  }
}

/**
 * Watches one connection: `signal` aborts when too little arrives for too long. A server that answers nothing, one
 * that stops in the middle and one that drips a byte now and then are all caught.
 */
export class Watchdog {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private received = 0;
  /** Whether a whole allowance has arrived at least once. */
  progressed = false;

  constructor(private readonly patience: Patience) {
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
  }

  private wait(): void {
    this.received = 0;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => this.controller.abort(new StallError(this.progressed, this.patience)),
      this.patience.stallMs,
    );
  }
}
