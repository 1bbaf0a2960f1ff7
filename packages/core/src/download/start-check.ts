/** Bytes that tell a file's format, also one that is not read here. */
const LENGTH = 4096;

/** Hands the first 4096 bytes of a body to `check` once they are there, or all of them if there are fewer. */
export class StartCheck {
  private readonly start = new Uint8Array(LENGTH);
  private size = 0;

  constructor(private readonly check: (start: Uint8Array) => void) {}

  add(chunk: Uint8Array): void {
    if (this.size === LENGTH) return;
    const more = chunk.subarray(0, LENGTH - this.size);
    this.start.set(more, this.size);
    this.size += more.byteLength;
    if (this.size === LENGTH) this.check(this.start);
  }

  end(): void {
    if (this.size < LENGTH) this.check(this.start.subarray(0, this.size));
  }
}
