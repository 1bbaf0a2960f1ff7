import { hashSource } from '#platform';
import { CnnzooError } from '../errors.js';
import { openTensorSource } from './open.js';
import type { ByteSource } from './read-buffer.js';
import type { TensorFile } from './tensors.js';

/** Hashes a source, compares, and only then opens it as a checkpoint, or the part of it under `key`. Owns the source. */
export async function openChecked(
  source: ByteSource,
  digits: string | undefined,
  key?: string,
): Promise<{ file: TensorFile; sha256: string }> {
  try {
    const sha256 = await hashSource(source);
    if (digits && !sha256.startsWith(digits))
      throw new CnnzooError(
        'HASH',
        `'${source.name}' has other bytes than published: expected sha256 ${digits}${digits.length < 64 ? '…' : ''}, ` +
          `received ${sha256}.`,
      );
    return { file: await openTensorSource(source, { intact: digits !== undefined, key }), sha256 };
  } catch (error) {
    await source.close();
    throw error;
  }
}
