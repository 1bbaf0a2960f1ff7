/** A directory (its URL or path, with a slash at the end), or the place of each of tfjs' `.wasm` files by name. */
export type WasmPaths = string | Readonly<Record<string, string>>;

/** A backend that `useBackend` can choose. */
export interface BackendCandidate {
  /** What the user writes. */
  readonly name: string;
  /** What tfjs calls it. */
  readonly backend: string;
  /** Whether it is tried where the user names none. */
  readonly automatic: boolean;
  /** What to do where it is missing or does not start. */
  readonly install: string;
  /** Loads the package, which registers the backend; rejects where it is not installed, or broken. */
  load(wasmPaths: WasmPaths | undefined): Promise<unknown>;
  /** Once it has started: throws where it can't compute, and undoes what its start-up left behind. */
  settle?(): void;
}

/** Rejection of `load` for a package that is not installed: nothing to warn of. */
export class NotInstalled extends Error {
  readonly isNotInstalled = true;
}
