import { createHash } from 'node:crypto';

/** A safetensors file of float32 tensors, written by hand. */
export function safetensors(
  tensors: Readonly<Record<string, { shape: readonly number[]; data: Float32Array }>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [key, { shape, data }] of Object.entries(tensors)) {
    header[key] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(text, 8);
  return Buffer.concat([head, ...Object.values(tensors).map(({ data }) => new Uint8Array(data.buffer))]);
}

/** A checkpoint of one tensor, of about `bytes` bytes that differ from seed to seed. */
export const synthetic = (bytes: number, seed = 1): Uint8Array =>
  safetensors({
    weight: {
      shape: [bytes >> 2],
      data: Float32Array.from({ length: bytes >> 2 }, (_, i) => Math.sin(i * 12.9898 + seed)),
    },
  });

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
