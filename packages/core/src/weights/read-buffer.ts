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
