/** Formats whose decoders are WebAssembly. */
export type WasmFormat = 'JPEG' | 'WebP';

/** Finds a decoder's WebAssembly by its format: in Node a file, in a page a URL. */
export type LoadWasm = (format: WasmFormat) => Promise<WebAssembly.Module>;

/** The main function of the package sharp. */
export type Sharp = typeof import('sharp').default;

/** Messages from a worker thread: that it can take a job; then the outcome of each. */
export type FromWorker<Reply> = 'ready' | Reply;

/** A thread that does one job at a time. */
export interface WorkerThread<Job> {
  post(job: Job): void;
  /** Makes the process wait for the thread, or lets it end without it. */
  hold(held: boolean): void;
  stop(): void;
}

export interface WorkerEvents<Reply> {
  reply(reply: FromWorker<Reply>): void;
  /** Called if the thread could not be started, or died. */
  failed(error: unknown): void;
}

/** All that lies below a folder, by paths from there with slashes. */
export interface Listing {
  readonly files: string[];
  readonly folders: string[];
  /** Paths that can't be opened or listed, and why: links that lead nowhere, folders that may not be read. */
  readonly unreadable: { readonly path: string; readonly message: string }[];
}

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
