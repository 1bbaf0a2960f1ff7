import { PACKED, RELAXED, SIMD } from '../generated/kernels.js';

/** Build of the kernels: its place among the bytes of all. */
interface Build {
  readonly start: number;
  readonly end: number;
  /** Position of the flags of the imported memory, and their value for memory that is not shared. */
  readonly flagsAt: number;
  readonly unsharedFlags: number;
}

/** Returns the bytes of all builds. */
async function unpack(): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Uint8Array.from(atob(PACKED), (character) => character.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}

function bytesOf(
  { start, end, flagsAt, unsharedFlags }: Build,
  all: Uint8Array<ArrayBuffer>,
  shared: boolean,
): Uint8Array<ArrayBuffer> {
  const bytes = all.slice(start, end);
  if (!shared) bytes[flagsAt] = unsharedFlags;
  return bytes;
}

export interface Compiled {
  readonly module: WebAssembly.Module;
  /** True if a multiplication and an addition round once. */
  readonly relaxed: boolean;
}

/**
 * Compiles the kernels for shared or unshared memory, in the best build that this WebAssembly engine accepts; undefined
 * if it accepts none.
 */
export async function compileKernels(shared: boolean): Promise<Compiled | undefined> {
  const all = await unpack();
  for (const build of [RELAXED, SIMD]) {
    const bytes = bytesOf(build, all, shared);
    if (WebAssembly.validate(bytes)) return { module: await WebAssembly.compile(bytes), relaxed: build === RELAXED };
  }
  return undefined;
}
