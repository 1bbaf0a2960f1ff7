/** Memory that a read may put its bytes into. */
export interface ReadBuffer {
  take(length: number): Uint8Array;
}

/**
 * Memory that one read after another goes to: the bytes of one are gone with the next. Fresh memory costs more than
 * the reading does, where the file lies in the system's cache.
 */
export class ReusedBuffer implements ReadBuffer {
  private memory = new ArrayBuffer(0);

  take(length: number): Uint8Array<ArrayBuffer> {
    if (this.memory.byteLength < length) this.memory = new ArrayBuffer(length);
    return new Uint8Array(this.memory, 0, length);
  }
}

/** Random access to bytes: a file, a Blob, an ArrayBuffer. The readers of all formats stand on this. */
export interface ByteSource {
  /** For messages: a path, a URL, 'bytes'. */
  readonly name: string;
  readonly size: number;
  /** Exactly `length` bytes from `offset`, where they may lie in `into`; rejects where the source is shorter. */
  read(offset: number, length: number, into?: ReadBuffer): Promise<Uint8Array>;
  /** Fills `target` from `offset` before it returns; only where nothing has to be waited for but a disk. */
  readInto?(target: Uint8Array, offset: number): void;
  close(): Promise<void>;
}
