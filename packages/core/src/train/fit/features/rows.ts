import type { ByteSource } from '../../../weights/read-buffer.js';

/** Rows of as many float32 values each. */
export interface Rows {
  /** One after the other. */
  read(indices: readonly number[]): Promise<Float32Array>;
}

export function rowsInMemory(values: Float32Array, length: number): Rows {
  return {
    read: async (indices) => {
      const out = new Float32Array(indices.length * length);
      for (const [i, index] of indices.entries())
        out.set(values.subarray(index * length, (index + 1) * length), i * length);
      return out;
    },
  };
}

/** Rows of a file that begin at a byte; opened for each batch, so that nothing is left open. */
export function rowsInFile(open: () => Promise<ByteSource>, start: number, length: number): Rows {
  return {
    read: async (indices) => {
      const out = new Uint8Array(indices.length * length * 4);
      const file = await open();
      try {
        for (const [i, index] of indices.entries())
          out.set(await file.read(start + index * length * 4, length * 4), i * length * 4);
      } finally {
        await file.close();
      }
      return new Float32Array(out.buffer);
    },
  };
}
