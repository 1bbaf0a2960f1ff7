/** Formats whose decoders are WebAssembly. */
export type WasmFormat = 'JPEG' | 'WebP';

/** Messages of a worker thread: 'ready' once, then the reply to each job. */
export type FromWorker<Reply> = 'ready' | Reply;

/** Thread that does one job at a time. */
export interface WorkerThread<Job> {
  post(job: Job): void;
  /** Makes the process wait for the thread (true), or lets it end without waiting (false). */
  hold(held: boolean): void;
  stop(): void;
}

/** Callbacks for the events of a worker thread. */
export interface WorkerEvents<Reply> {
  reply(reply: FromWorker<Reply>): void;
  /** Called if the thread could not be started, or died. */
  failed(error: unknown): void;
}

/** Line from a worker to the program that started it. */
export interface WorkerPort {
  post(message: unknown, transfer?: readonly object[]): void;
  /** Calls `heard` for each message, and `unreadable` for one that can't be read here. */
  listen(heard: (message: unknown) => void, unreadable: () => void): void;
  /**
   * Takes a lock that the worker keeps until it ends, so that others notice its end. Resolves to the lock's name; undefined if
   * there are no locks here, or the end is announced anyway.
   */
  lock(): Promise<string | undefined>;
}

/** Files and folders below a folder, as paths relative to it, with slashes. */
export interface Listing {
  readonly files: string[];
  readonly folders: string[];
  /** Paths that can't be opened or listed, and why: dangling links, folders without permission. */
  readonly unreadable: { readonly path: string; readonly message: string }[];
}

/** Writes files one after the other by `add`, which takes a path in their directory, with slashes. */
export type WriteFiles = (add: (name: string, chunks: Iterable<Uint8Array>) => Promise<void>) => Promise<void>;

/**
 * Place of tfjs' `.wasm` files: a directory (URL or path, with a slash at the end), or an address for each file by
 * name.
 */
export type WasmPaths = string | Readonly<Record<string, string>>;

/** Backend that `useBackend` can choose. */
export interface BackendCandidate {
  /** Name that the user writes. */
  readonly name: string;
  /** Name that tfjs gives the backend. */
  readonly backend: string;
  /** true if the backend is tried when the user names none. */
  readonly automatic: boolean;
  /** true if a small convolution is tried before the backend is taken, since it may start and not compute. */
  readonly isProbed: boolean;
  /** Advice for a backend that is there, and does not start or does not compute. */
  readonly advice: string;
  /**
   * Loads the package, which registers the backend. Rejects with MissingBackend if the backend is not there, and with
   * another error if it is broken.
   */
  load(wasmPaths: WasmPaths | undefined): Promise<unknown>;
  /** Called before each start of the registered backend. Rejects as `load` does if this machine has nothing to start. */
  check?(): Promise<void>;
  /** Called with tfjs' object of the backend once it has started. Removes what its start left behind. */
  settle?(backend: object): void;
}

/** Error for a backend that is not there: not installed, not imported, or no GPU. It needs no warning. */
export class MissingBackend extends Error {
  readonly isMissing = true;

  constructor(
    message: string,
    /** Sentence that says what to do. */
    readonly advice: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
