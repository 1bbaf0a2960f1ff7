import { bytesSource } from '../../weights/formats/bytes.js';
import type { ByteSource } from '../../weights/read-buffer.js';
import type { Part, PartOrigin } from '../../weights/store.js';

/** A download in a page: resumed while the page lives, gone with it. */
export class MemoryPart implements Part {
  private buffer = new Uint8Array(0);
  size = 0;
  origin: PartOrigin | undefined;

  constructor(readonly path: string) {}

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.size);
  }

  async restart(origin: PartOrigin): Promise<void> {
    this.origin = origin;
    this.size = 0;
    this.buffer = new Uint8Array(origin.total ?? 0);
  }

  async append(chunk: Uint8Array): Promise<void> {
    const size = this.size + chunk.byteLength;
    if (size > this.buffer.byteLength) {
      const larger = new Uint8Array(Math.max(size, 2 * this.buffer.byteLength));
      larger.set(this.bytes);
      this.buffer = larger;
    }
    this.buffer.set(chunk, this.size);
    this.size = size;
  }

  async read(): Promise<ByteSource> {
    return bytesSource(this.bytes, this.path);
  }

  async suspend(): Promise<void> {
    await this.discard();
  }

  async discard(): Promise<void> {
    this.buffer = new Uint8Array(0);
    this.size = 0;
    this.origin = undefined;
  }
}
