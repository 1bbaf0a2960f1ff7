/*
 * (module
 *   (import "m" "own" (memory 0 65536 shared))
 *   (import "m" "other" (memory 0))
 *   (func (export "in") (param $to i32) (param $from i32) (param $bytes i32)
 *     (memory.copy 0 1 (local.get $to) (local.get $from) (local.get $bytes)))
 *   (func (export "out") (param $to i32) (param $from i32) (param $bytes i32)
 *     (memory.copy 1 0 (local.get $to) (local.get $from) (local.get $bytes))))
 */
const MODULE = Uint8Array.from(
  [
    '0061736d 01000000', // magic number, version
    '01 07 01 60 03 7f7f7f 00', // types: (i32, i32, i32) -> ()
    '02 18 02 01 6d 03 6f776e 02 03 00 808004 01 6d 05 6f74686572 02 00 00', // imports: two memories
    '03 03 02 00 00', // functions: two of that type
    '07 0c 02 02 696e 00 00 03 6f7574 00 01', // exports
    '0a 1b 02', // code
    '0c 00 2000 2001 2002 fc0a 00 01 0b', // in: memory 0 from memory 1
    '0c 00 2000 2001 2002 fc0a 01 00 0b', // out: memory 1 from memory 0
  ]
    .join('')
    .replaceAll(' ', '')
    .match(/../g)!,
  (byte) => Number.parseInt(byte, 16),
);

/** Copies bytes; an address is a number below 2^32. */
type Copy = (to: number, from: number, bytes: number) => void;

/**
 * Copies between the kernels' shared memory and memory that is not shared, such as tfjs' heap. `TypedArray.set` may only
 * copy shared memory word by word, at a third of the speed of `memory.copy` (docs/decisions/0009-kernels.md).
 */
export interface Bridge {
  readonly in: Copy;
  readonly out: Copy;
}

let compiled: WebAssembly.Module | undefined;

/**
 * Returns the bridge between two memories; undefined if this WebAssembly engine takes one memory a module, `own` is not
 * shared or `other` is.
 */
export function bridgeBetween(own: WebAssembly.Memory, other: WebAssembly.Memory): Bridge | undefined {
  if (!WebAssembly.validate(MODULE)) return undefined;
  compiled ??= new WebAssembly.Module(MODULE);
  try {
    return new WebAssembly.Instance(compiled, { m: { own, other } }).exports as unknown as Bridge;
  } catch (error) {
    if (error instanceof WebAssembly.LinkError) return undefined;
    throw error;
  }
}
