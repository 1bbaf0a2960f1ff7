import { Z_BUF_ERROR, Z_NO_FLUSH, Z_OK, Z_STREAM_END, ZStream, zlibInflate, zlibInflateInit } from 'pako';

export interface Inflated {
  /** As much as came of the stream, at most what was asked for. */
  readonly data: Uint8Array;
  /** 'whole': it ends here, and its checksum fits. 'more': it goes on. 'cut': the input ends before. */
  readonly status: 'whole' | 'more' | 'cut' | 'damaged';
}

/**
 * Inflates a zlib stream that lies in parts, into memory of `most` bytes and no more, whatever the stream would become.
 */
export function inflate(parts: readonly Uint8Array[], most: number): Inflated {
  const stream = new ZStream();
  zlibInflateInit(stream);
  // One byte more tells a stream that goes on from one that ends: only behind its end is its checksum read.
  const output = new Uint8Array(most + 1);
  stream.output = output;
  stream.avail_out = output.length;
  const result = (status: Inflated['status']): Inflated => ({
    data: output.subarray(0, Math.min(stream.next_out, most)),
    status,
  });
  for (const part of parts) {
    stream.input = part;
    stream.next_in = 0;
    stream.avail_in = part.length;
    while (stream.avail_in > 0) {
      const status = zlibInflate(stream, Z_NO_FLUSH);
      if (status === Z_STREAM_END) return result('whole');
      if (stream.avail_out === 0) return result('more');
      if (status === Z_BUF_ERROR) break;
      if (status !== Z_OK) return result('damaged');
    }
  }
  return result('cut');
}
