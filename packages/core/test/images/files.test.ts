import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeWith } from '../../src/images/codec.js';
import { sharpCodec, wasmCodec } from '../../src/images/codecs.js';
import { decodeImage } from '../../src/images/decode.js';
import { findSharp } from '../../src/platform/node/threads.js';
import { loadCodecWasm } from '../../src/platform/wasm.js';
import { photo, rgbOf } from './goldens.js';
import { sha256 } from './noise.js';

/** Result of Pillow for each file, written by tools/weights/torch/image_files.py. null if Pillow refuses the file. */
interface File {
  file: string;
  size: [number, number] | null;
  rgb: string | null;
}
const { files } = JSON.parse(readFileSync(new URL('goldens/files.json', import.meta.url), 'utf8')) as {
  files: Record<string, File>;
};

const wasm = wasmCodec(loadCodecWasm);
const sharp = sharpCodec((await findSharp())!, wasm, 0);

const decoders: [string, (bytes: Uint8Array, name: string) => ReturnType<typeof decodeImage>][] = [
  ['with sharp for every size', (bytes, name) => decodeWith(sharp, bytes, name)],
  ['without sharp', (bytes, name) => decodeWith(wasm, bytes, name)],
  ['as installed', (bytes, name) => decodeImage(bytes, name)],
];

describe.each(decoders)('%s', (decoder, decode) => {
  test.each(Object.entries(files))('%s as in Pillow', async (name, { file, size, rgb }) => {
    const bytes = Buffer.from(file, 'base64');
    if (!size) return expect(decode(bytes, name)).rejects.toMatchObject({ code: 'IMAGE' });
    const image = await decode(bytes, name);
    expect([image.width, image.height]).toEqual(size);
    // Pixels in damaged blocks, by extreme coefficients, depend on the instructions of the processor.
    if (decoder === 'without sharp' && name.startsWith('jpeg/damage')) return;
    expect(sha256(rgbOf(image))).toBe(rgb);
  });
});

// for k in range(12):
//     data = bytearray(open("examples/photos/rocket.jpg", "rb").read())
//     for i in range(4): data[3000 + 9000 * k + 3 * i] ^= 0x55
//     hashlib.sha256(Image.open(io.BytesIO(data)).convert("RGB").tobytes()).hexdigest()[:16]
const DAMAGED = [
  'f148655400b82eef',
  '40bcc5222a12a9fb',
  'a2ef4d13361d69dd',
  '26968a02c930a93d',
  '5efb4fdc0b0953e5',
  '4af8500357065e0c',
  null,
  'd96181a6fa2b0204',
  'efc3cf57969de19c',
  'b776d842e9fea3c8',
  'df3b00e47e7b7526',
  '8edefa2119ffbd32',
];

test.each([...DAMAGED.entries()])(
  'a photograph with damage %i is decoded, or refused, as in Pillow',
  async (k, rgb) => {
    const bytes = photo('rocket.jpg');
    for (let i = 0; i < 4; i++) bytes[3000 + 9000 * k + 3 * i]! ^= 0x55;
    for (const codec of [sharp, wasm]) {
      const decoding = decodeWith(codec, bytes, 'rocket.jpg');
      if (rgb === null) await expect(decoding).rejects.toMatchObject({ code: 'IMAGE' });
      else if (codec === sharp) expect(sha256(rgbOf(await decoding)).slice(0, 16)).toBe(rgb);
      else await decoding;
    }
  },
);

const published = join(process.env.CNNZOO_DATA ?? '', '../images/jpeg-440.jpg');

test('a published JPEG of 4:4:0, as in Pillow', async ({ skip }) => {
  if (!process.env.CNNZOO_DATA || !existsSync(published))
    return skip('CNNZOO_DATA names no directory beside one of images with jpeg-440.jpg');
  for (const codec of [sharp, wasm])
    expect(sha256(rgbOf(await decodeWith(codec, new Uint8Array(readFileSync(published)), 'jpeg-440.jpg')))).toBe(
      'ce2bf3ff9b7421d10f9acd025982fe0c21dd3eb11c069c833960389ee2d141f0',
    );
});
