/** The folders that a path lies in: 'a' and 'a/b' of 'a/b/1.png'. */
export const foldersAbove = (path: string): string[] =>
  [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));

/** All that lies below a folder, by paths from there with slashes. */
export interface Listing {
  readonly files: string[];
  readonly folders: string[];
  /** Paths that can't be opened or listed, and why: links that lead nowhere, folders that may not be read. */
  readonly unreadable: { readonly path: string; readonly message: string }[];
}
