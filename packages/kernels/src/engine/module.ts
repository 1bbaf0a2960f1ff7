import { RELAXED, SIMD } from '../generated/kernels.js';

interface Build {
  readonly base64: string;
  /** Where the flags of the imported memory stand, and what they are where it is not shared. */
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
  /** Whether it multiplies and adds in one rounding. */
  readonly relaxed: boolean;
}

/** The kernels for the kind of memory that is to be imported, in the best build that the engine accepts. */
export async function compileKernels(shared: boolean): Promise<Compiled | undefined> {
  for (const build of [RELAXED, SIMD]) {
    const bytes = bytesOf(build, shared);
    if (WebAssembly.validate(bytes)) return { module: await WebAssembly.compile(bytes), relaxed: build === RELAXED };
  }
  return undefined;
}
