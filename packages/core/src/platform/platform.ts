import type { ByteSource } from '../weights/tensors.js';

/** One candidate of `useBackend`, in order of preference. `load` rejects where the engine is not installed. */
export interface BackendCandidate {
  /** What the user writes: 'tfjs-node-gpu', 'tfjs-node', 'wasm', 'cpu', 'webgl', 'webgpu'. */
  readonly name: string;
  /** What tfjs calls it: 'tensorflow', 'wasm', 'cpu', … */
  readonly backend: string;
  /** Taken when the user names none. */
  readonly automatic: boolean;
  load(): Promise<unknown>;
}

/** RGB or RGBA pixels, 8 bits a channel, row-major, rotated as EXIF says. */
export interface DecodedImage {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

export interface FetchFileOptions {
  /** Names the file in the cache (no directories). */
  readonly filename: string;
  /** Called before the file is taken into the cache and each time it is taken out of it. Throws where the bytes are wrong. */
  readonly sha256?: string;
  readonly hashPrefix?: string;
  readonly signal?: AbortSignal;
  readonly fetch?: typeof fetch;
  readonly progress?: (event: { loaded: number; total: number | undefined }) => void;
}

/** What Node and browsers do differently. Both `#platform` modules export exactly these. */
export interface Platform {
  readonly backends: readonly BackendCandidate[];
  /** Where tfjs finds its `.wasm` files, unless the user says. */
  wasmPaths(): Promise<Record<string, string> | string | undefined>;
  /** A path or file: URL (Node). Rejects with a CnnzooError for a missing file or a directory. */
  openPath(path: string | URL): Promise<ByteSource>;
  /** Writes to a temporary neighbour, syncs, renames: a reader sees the old file or the new one. */
  writeFile(path: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>;
  decodeImage(bytes: Uint8Array, name: string): Promise<DecodedImage>;
}
