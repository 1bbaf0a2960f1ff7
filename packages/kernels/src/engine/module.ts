import { RELAXED, SIMD } from '../generated/kernels.js';

interface Build {
  readonly base64: string;
  /** Position of the flags of the imported memory, and their value for memory that is not shared. */
  readonly flagsAt: number;
  readonly unsharedFlags: number;
}

function bytesOf({ base64, flagsAt, unsharedFlags }: Build, shared: boolean): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
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
  for (const build of [RELAXED, SIMD]) {
    const bytes = bytesOf(build, shared);
    if (WebAssembly.validate(bytes)) return { module: await WebAssembly.compile(bytes), relaxed: build === RELAXED };
  }
  return undefined;
}
