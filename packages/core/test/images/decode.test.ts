import { describe, expect, test } from 'vitest';
import { CnnzooError } from '../../src/errors.js';
import { type Codec, decodeWith } from '../../src/images/codec.js';
import { readContainer } from '../../src/images/containers/container.js';
import { orientationOf } from '../../src/images/orientation.js';
import { wasmCodec } from '../../src/images/wasm-codec.js';
import { decodeImage } from '../../src/platform/node/decode.js';
import { findSharp, sharpCodec } from '../../src/platform/node/sharp-codec.js';
import { loadCodecWasm } from '../../src/platform/node/wasm-files.js';
import { fixture, goldens, photo, rgbOf } from './goldens.js';
import { sha256 } from './noise.js';

const sharp = sharpCodec((await findSharp())!);
const wasm = wasmCodec(loadCodecWasm);
const codecs: [string, Codec][] = [
  ['sharp', sharp],
  ['wasm', wasm],
];

const failure = async (promise: Promise<unknown>): Promise<CnnzooError> => {
  const error = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(CnnzooError);
  return error as CnnzooError;
};

// Lossless files leave a decoder no choice. Of JPEG and lossy WebP, both codecs and Pillow 13 give the same bytes for
// every file here, because all three stand on libjpeg-turbo (or MozJPEG, its child) and libwebp.
describe.each(codecs)('%s decodes', (_, codec) => {
  test.each(Object.entries(goldens.decode))('%s as Pillow does', async (name, { size, rgb }) => {
    const image = await decodeWith(codec, fixture(name), name);
    expect([image.width, image.height]).toEqual(size);
    expect(image.data.length).toBe(size[0] * size[1] * image.channels);
    expect(Buffer.from(rgbOf(image)).toString('base64')).toBe(rgb);
  });

  test.each(goldens.photographs)('$image as Pillow does', async ({ image, decoded }) => {
    expect(sha256(rgbOf(await decodeWith(codec, photo(image), image)))).toBe(decoded);
  });

  test('bytes in the middle of a larger buffer', async () => {
    for (const name of ['rgb.png', '444.jpg', 'rgb.webp']) {
      const bytes = fixture(name);
      const larger = new Uint8Array(bytes.length + 20).fill(7);
      larger.set(bytes, 9);
      const inside = await decodeWith(codec, larger.subarray(9, 9 + bytes.length), name);
      expect(Buffer.from(rgbOf(inside)).toString('base64')).toBe(goldens.decode[name]!.rgb);
    }
  });

  test('after an image that it gave up on, the next one', async () => {
    for (const name of ['rgb.png', '444.jpg', 'rgb.webp']) {
      const error = await failure(decodeWith(codec, withoutPixels(name), name));
      expect(error.code).toBe('IMAGE');
      expect(error.message).toContain(`${name}: expected a whole`);
      expect(error.message).toContain("can't be decoded");
      const image = await decodeWith(codec, fixture(name), name);
      expect(Buffer.from(rgbOf(image)).toString('base64')).toBe(goldens.decode[name]!.rgb);
    }
  });

  test('many at a time', async () => {
    const names = ['rgb.png', '444.jpg', 'rgb.webp', 'grey.jpg', 'rgba.png'];
    const images = await Promise.all(names.map((name) => decodeWith(codec, fixture(name), name)));
    for (const [i, name] of names.entries())
      expect(Buffer.from(rgbOf(images[i]!)).toString('base64')).toBe(goldens.decode[name]!.rgb);
  });
});

/** A file whose structure is whole, and whose compressed data is nonsense. */
function withoutPixels(name: string): Uint8Array {
  const bytes = fixture(name);
  const find = (...what: number[]) => bytes.findIndex((_, i) => what.every((byte, k) => bytes[i + k] === byte));
  // JPEG: Huffman tables that say they hold 255 codes of one bit. WebP: no lossless signature's version 0.
  if (name.endsWith('.jpg')) bytes.fill(255, find(0xff, 0xc4) + 5, find(0xff, 0xc4) + 6);
  else if (name.endsWith('.webp')) bytes.fill(0xff, find(0x56, 0x50, 0x38, 0x4c) + 13, bytes.length - 1);
  else {
    const idat = find(0x49, 0x44, 0x41, 0x54);
    const length = new DataView(bytes.buffer).getUint32(idat - 4);
    bytes.fill(0x55, idat + 6, idat + 4 + length);
    new DataView(bytes.buffer).setUint32(idat + 4 + length, crc(bytes.subarray(idat, idat + 4 + length)));
  }
  return bytes;
}

/** CRC-32, bit by bit. */
function crc(bytes: Uint8Array): number {
  let c = -1;
  for (const byte of bytes) {
    c ^= byte;
    for (let bit = 0; bit < 8; bit++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return ~c >>> 0;
}

describe('refused before decoding', () => {
  const names = Object.keys(goldens.decode);

  test('every beginning of every file', () => {
    for (const name of names) {
      const bytes = fixture(name);
      expect(() => readContainer(bytes, name)).not.toThrow();
      for (let length = 0; length < bytes.length; length++) {
        let error: unknown;
        try {
          readContainer(bytes.subarray(0, length), name);
        } catch (thrown) {
          error = thrown;
        }
        expect(error, `${name}, ${length} bytes`).toBeInstanceOf(CnnzooError);
        expect((error as CnnzooError).code).toBe('IMAGE');
      }
    }
  });

  test('a PNG with any byte changed', () => {
    const bytes = fixture('icc.png');
    for (let i = 0; i < bytes.length; i++) {
      bytes[i]! ^= 0x10;
      expect(() => readContainer(bytes, 'icc.png'), `byte ${i}`).toThrow(CnnzooError);
      bytes[i]! ^= 0x10;
    }
  });

  test.each([
    ['nothing', new Uint8Array(), 'received nothing (0 bytes)'],
    ['a GIF', fixture('still.gif'), 'received a GIF'],
    ['a page', new TextEncoder().encode('\n<!DOCTYPE html><html>Not found</html>'), 'received an HTML page'],
    ['an SVG', new TextEncoder().encode('<svg xmlns="">'), 'received XML or SVG'],
    ['anything', new Uint8Array([1, 2, 3, 250]), 'received 4 bytes that begin with 01 02 03 fa'],
    ['a CMYK JPEG', fixture('cmyk.jpg'), '4 channels (CMYK?). Convert it to RGB first'],
    ['an animated WebP', fixture('animated.webp'), 'received an animation'],
    ['half a JPEG', photo('rocket.jpg').subarray(0, 60_000), '60000 bytes without the end of the image (truncated)'],
    ['half a PNG', photo('chelsea.png').subarray(0, 60_000), '60000 bytes without the end of the image (truncated)'],
    ['half a WebP', fixture('rgb.webp').subarray(0, 200), '200 of its 508 bytes (truncated)'],
  ])('%s', async (_, bytes, message) => {
    const error = await failure(decodeImage(bytes, 'a/cat.jpg'));
    expect(error.code).toBe('IMAGE');
    expect(error.message).toContain('a/cat.jpg: expected a');
    expect(error.message).toContain(message);
  });

  test('an image of more pixels than can be decoded', async () => {
    const bytes = fixture('rgb.png');
    const view = new DataView(bytes.buffer);
    view.setUint32(16, 100_000);
    view.setUint32(20, 100_000);
    view.setUint32(29, crc(bytes.subarray(12, 29)));
    expect((await failure(decodeImage(bytes, 'bomb.png'))).message).toContain('100000 x 100000 pixels. Scale it down');
  });
});

test('bytes after the end of a JPEG are ignored, as phones append them', async () => {
  const bytes = fixture('444.jpg');
  const longer = new Uint8Array([...bytes, ...fixture('420.jpg')]);
  for (const [, codec] of codecs)
    expect(rgbOf(await decodeWith(codec, longer, 'phone.jpg'))).toEqual(
      new Uint8Array(Buffer.from(goldens.decode['444.jpg']!.rgb, 'base64')),
    );
});

test('EXIF that can not be read counts as upright', () => {
  const exif = (...bytes: number[]) => new Uint8Array(bytes);
  const turned = exif(0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0);
  expect(orientationOf(turned)).toBe(6);
  for (let length = 0; length < turned.length; length++) expect(orientationOf(turned.subarray(0, length))).toBe(1);
  expect(orientationOf(turned.with(19, 9))).toBe(1);
  expect(orientationOf(turned.with(13, 7))).toBe(1);
  expect(orientationOf(turned.with(7, 200))).toBe(1);
  expect(orientationOf(turned.with(0, 0x49))).toBe(1);
  expect(orientationOf(undefined)).toBe(1);
});
