import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Codec, decodeWith } from '../../src/images/codec.js';
import { wasmCodec } from '../../src/images/wasm-codec.js';
import { decodeImage } from '../../src/platform/node/decode.js';
import { findSharp, sharpCodec } from '../../src/platform/node/sharp-codec.js';
import { loadCodecWasm } from '../../src/platform/node/wasm-files.js';
import { rgbOf } from './goldens.js';
import { sha256 } from './noise.js';

/** Written by tools/weights/torch/image_files.py: what Pillow makes of each file; null where it refuses it. */
interface File {
  file: string;
  size: [number, number] | null;
  rgb: string | null;
}
const { files } = JSON.parse(readFileSync(new URL('goldens/files.json', import.meta.url), 'utf8')) as {
  files: Record<string, File>;
};

const sharp = sharpCodec((await findSharp())!);
const wasm = wasmCodec(loadCodecWasm);

/** sharp is never given these. */
const isCmyk = (name: string): boolean => /four channels|\/cmyk/.test(name);

const decoders: [string, (bytes: Uint8Array, name: string) => ReturnType<typeof decodeImage>][] = [
  ['with sharp alone', (bytes, name) => decodeWith(isCmyk(name) ? wasm : sharp, bytes, name)],
  ['without sharp', (bytes, name) => decodeWith(wasm as Codec, bytes, name)],
  ['as installed', (bytes, name) => decodeImage(bytes, name)],
];

describe.each(decoders)('%s', (_, decode) => {
  test.each(Object.entries(files))('%s as in Pillow', async (name, { file, size, rgb }) => {
    const bytes = Buffer.from(file, 'base64');
    if (!size) return expect(decode(bytes, name)).rejects.toMatchObject({ code: 'IMAGE' });
    const image = await decode(bytes, name);
    expect([image.width, image.height]).toEqual(size);
    expect(sha256(rgbOf(image))).toBe(rgb);
  });
});
