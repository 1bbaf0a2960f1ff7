import { hashSource } from '#platform';
import { CnnzooError } from '../util/index.js';
import type { ByteSource } from '../util/late.js';

/** Facts of a file's sha256 that are known before it is downloaded. */
export interface ExpectedHash {
  /** The whole hash. */
  readonly sha256?: string;
  /** Its first digits. */
  readonly hashPrefix?: string;
}

/** Returns the digits that a file's hash has to begin with; undefined if none are known. */
export const expectedDigits = ({ sha256, hashPrefix }: ExpectedHash): string | undefined =>
  (sha256 || hashPrefix)?.toLowerCase() || undefined;

/** Returns the hash digits in a file name of torch.hub's convention, `resnet18-f37072fd.pth`; undefined if it has none. */
export const digitsInName = (name: string): string | undefined => /-([0-9a-f]{8,64})\.[a-z]+$/.exec(name)?.[1];

/** Returns the last part of a URL's path. */
export const fileNameOf = (url: string): string => /([^/]*)\/*$/.exec(url.replace(/[?#].*$/, ''))?.[1] ?? '';

/**
 * Hashes bytes, and compares the hash with the digits that are known of it.
 * @returns the whole sha256.
 * @throws CnnzooError HASH if it begins with other digits. The bytes are then closed.
 */
export async function verify(bytes: ByteSource, digits: string | undefined): Promise<string> {
  try {
    const sha256 = await hashSource(bytes);
    if (digits === undefined || sha256.startsWith(digits)) return sha256;
    throw new CnnzooError(
      'HASH',
      `'${bytes.name}' has other bytes than published: expected sha256 ${digits}${digits.length < 64 ? '…' : ''}, ` +
        `received ${sha256}.`,
    );
  } catch (error) {
    await bytes.close();
    throw error;
  }
}
