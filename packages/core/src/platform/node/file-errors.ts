import { CnnzooError } from '../../errors.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full. Free some space',
  EDQUOT: 'the disk quota is used up. Free some space',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'it is no place for a directory. Choose another',
  ENOTDIR: 'a file is in the place of a directory',
  EEXIST: 'a file is in the place of a directory',
  EISDIR: 'a directory is in the place of a file',
};

export const codeOf = (error: unknown): string | undefined => (error as { code?: string } | null)?.code;

/** A cache that can't be used, in words that say what to do. */
export function cacheError(path: string, cause: unknown): CnnzooError {
  const reason = REASONS[codeOf(cause) ?? ''] ?? (cause instanceof Error ? cause.message : String(cause));
  return new CnnzooError(
    'FILE',
    `The cache can't be used at '${path}': ${reason}, or set CNNZOO_CACHE to another directory that can be written to.`,
    { cause },
  );
}
