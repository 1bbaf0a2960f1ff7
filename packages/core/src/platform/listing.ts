/** All that lies below a folder, by paths from there with slashes. */
export interface Listing {
  readonly files: string[];
  readonly folders: string[];
  /** Paths that can't be opened or listed, and why: links that lead nowhere, folders that may not be read. */
  readonly unreadable: { readonly path: string; readonly message: string }[];
}
