/**
 * Writes libjpeg-turbo's WebAssembly into src/generated/ without the functions that core's one call of it never reaches: 89 KB of 139,
 * and as much less for every page that reads a JPEG (docs/decisions/0050). A function that is reached after all traps, and the image is
 * refused; none computes anything else than before.
 *
 * tjDecompress2 is called with flags 0 and the image's own size, so that
 * - DCT_scaled_size is 8 and dct_method JDCT_ISLOW: of the inverse transforms that jddctmgr.c chooses from, only jpeg_idct_islow runs;
 * - chroma is upsampled by triangles (do_fancy_upsampling): jdmerge.c, which upsamples and converts at once without them, never runs;
 * - messages, which vfprintf formats, are read by nobody: it writes nothing;
 * - the environment is empty, so that jmemmgr.c never asks sscanf for JPEGMEM.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import binaryen from 'binaryen';

/** sha256 of the file in @cwasm/jpeg-turbo 0.1.3, whose functions have the numbers below. */
const SHA256 = '80ed55eef2d0ff276f837ef521fad8181ccdfa6f298f652f6e45aed7fbbbc871';

/** Places in the function table of jddctmgr.c's transforms, in its order of sizes: 1 x 1 to 7 x 7, 8 x 8 (islow, ifast, float), 9 x 9 to 16 x 16. */
const FIRST_TRANSFORM = 55;
const ISLOW = 62;
const LAST_TRANSFORM = 72;

/** Places of jdmerge.c's upmethod: h2v2_merged_upsample, its two of RGB565, and the three of h2v1. */
const MERGED = [14, 16, 17, 18, 20, 21];

/** vfprintf's formatting, and sscanf. */
const STDIO = ['26', '22'];

const file = await readFile(createRequire(import.meta.url).resolve('@cwasm/jpeg-turbo/jpeg-turbo.wasm'));
if (createHash('sha256').update(file).digest('hex') !== SHA256)
  throw new Error('shrink-jpeg.mjs knows the functions of another jpeg-turbo.wasm: find their numbers in this one.');

const module = binaryen.readBinary(file);
const { data: table } = binaryen.getElementSegmentInfo(module.getElementSegmentByIndex(0));

/** Replaces the body of a function. */
function replace(name, bodyOf) {
  const { params, results } = binaryen.getFunctionInfo(module.getFunction(name));
  module.removeFunction(name);
  module.addFunction(name, params, results, [], bodyOf());
}

const transforms = Array.from({ length: LAST_TRANSFORM - FIRST_TRANSFORM + 1 }, (_, i) => FIRST_TRANSFORM + i);
// The first function has the place 1.
for (const place of [...MERGED, ...transforms.filter((each) => each !== ISLOW)])
  replace(table[place - 1], () => module.unreachable());
for (const name of STDIO) replace(name, () => module.i32.const(0));
module.runPasses(['remove-unused-module-elements']);

await mkdir(new URL('../src/generated/', import.meta.url), { recursive: true });
await writeFile(new URL('../src/generated/jpeg-turbo.wasm', import.meta.url), module.emitBinary());
