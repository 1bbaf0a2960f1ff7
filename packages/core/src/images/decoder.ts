import type { DecodedImage } from './decoded.js';

/** A started decoder of one format. After an image that it fails on, it is not used again. */
export interface Decoder<Header> {
  decode(bytes: Uint8Array, header: Header): Promise<DecodedImage>;
  /** Bytes of WebAssembly memory that it holds, which never become fewer. */
  memory(): number;
}
