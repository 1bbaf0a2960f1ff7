export interface HeaderTensor {
  readonly key: string;
  /** By safetensors' name, e.g. 'F32'. */
  readonly stored: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** What a safetensors file begins with; the tensors' bytes follow in the order given. */
export function encodeHeader(tensors: readonly HeaderTensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const pairs: string[] = Object.keys(metadata).length > 0 ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  let offset = 0;
  for (const { key, stored, shape, bytes } of tensors) {
    const entry = { dtype: stored, shape, data_offsets: [offset, offset + bytes] };
    pairs.push(`${JSON.stringify(key)}:${JSON.stringify(entry)}`);
    offset += bytes;
  }
  const text = new TextEncoder().encode(`{${pairs.join(',')}}`);
  const header = new Uint8Array(8 + 8 * Math.ceil(text.length / 8)).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return header;
}
