/** A backend that `useBackend` can choose. */
export interface BackendCandidate {
  /** What the user writes. */
  readonly name: string;
  /** What tfjs calls it. */
  readonly backend: string;
  /** Whether it is tried where the user names none. */
  readonly automatic: boolean;
  /** What to install where it is missing. */
  readonly install: string;
  /** Loads the package, which registers the backend; rejects where it is not installed, or broken. */
  load(wasmPaths: WasmPaths | undefined): Promise<unknown>;
}

/** A directory (its URL or path, with a slash at the end), or the place of each of tfjs' `.wasm` files by name. */
export type WasmPaths = string | Readonly<Record<string, string>>;
