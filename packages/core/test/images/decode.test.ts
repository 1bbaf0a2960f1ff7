import { describe, expect, test } from 'vitest';
import { decodeWith } from '../../src/images/codec.js';
import { sharpCodec, wasmCodec } from '../../src/images/codecs.js';
import { readContainer } from '../../src/images/container.js';
import { decodeImage, imageDecoder } from '../../src/images/decode.js';
import type { Codec } from '../../src/images/header.js';
import type { DecodedImage } from '../../src/images/image.js';
import { orientationOf } from '../../src/images/orientation.js';
import { findSharp } from '../../src/platform/node/threads.js';
import { loadCodecWasm } from '../../src/platform/wasm.js';
import { CnnzooError } from '../../src/util/errors.js';
import { fixture, goldens, photo, rgbOf } from './goldens.js';
import { sha256 } from './noise.js';

const wasm = wasmCodec(loadCodecWasm);
const sharp = sharpCodec((await findSharp())!, wasm, 0);
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

// Lossless files have one right result. For JPEG and lossy WebP, both codecs and Pillow 13 give the same bytes for
// every file here, because all are built on libjpeg-turbo (or MozJPEG, a fork of it) and libwebp. files.test.ts has
// many more files.
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

/** Returns a file with a whole structure and nonsensical compressed data. */
function withoutPixels(name: string): Uint8Array {
  const bytes = fixture(name);
  const find = (...what: number[]) => bytes.findIndex((_, i) => what.every((byte, k) => bytes[i + k] === byte));
  // JPEG: Huffman tables that claim 255 codes of one bit. WebP: a version other than 0 in the lossless signature.
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

/** Returns the CRC-32, computed bit by bit. */
function crc(bytes: Uint8Array): number {
  let c = -1;
  for (const byte of bytes) {
    c ^= byte;
    for (let bit = 0; bit < 8; bit++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return ~c >>> 0;
}

/** Expects the same pixels as the whole file's, or an error about the image, but never other pixels. */
async function expectWholeOrRefused(bytes: Uint8Array, name: string, what: string): Promise<void> {
  const image = await decodeWith(wasm, bytes, name).catch((error: unknown) => error);
  if (image instanceof Error) expect(image, what).toMatchObject({ name: 'CnnzooError', code: 'IMAGE' });
  else expect(Buffer.from(rgbOf(image as DecodedImage)).toString('base64'), what).toBe(goldens.decode[name]!.rgb);
}

describe('refused before decoding', () => {
  const names = Object.keys(goldens.decode);

  test('every beginning of every file, unless its pixels are whole', async () => {
    for (const name of names) {
      const bytes = fixture(name);
      await readContainer(bytes, name);
      for (let length = 0; length < bytes.length; length++)
        await expectWholeOrRefused(bytes.subarray(0, length), name, `${name}, ${length} bytes`);
      if (!name.endsWith('.png')) await expect(readContainer(bytes.subarray(0, -1), name)).rejects.toThrow(CnnzooError);
    }
  });

  test('a PNG with any byte changed, unless its pixels are whole', async () => {
    const bytes = fixture('icc.png');
    for (let i = 0; i < bytes.length; i++) {
      bytes[i]! ^= 0x10;
      await expectWholeOrRefused(bytes, 'icc.png', `byte ${i}`);
      bytes[i]! ^= 0x10;
    }
  });

  test.each([
    ['nothing', new Uint8Array(), 'received nothing (0 bytes)'],
    ['a GIF', fixture('still.gif'), 'received a GIF'],
    ['a page', new TextEncoder().encode('\n<!DOCTYPE html><html>Not found</html>'), 'received an HTML page'],
    ['an SVG', new TextEncoder().encode('<svg xmlns="">'), 'received XML or SVG'],
    ['anything', new Uint8Array([1, 2, 3, 250]), 'received 4 bytes that begin with 01 02 03 fa'],
    ['a JPEG of two channels', withComponents(fixture('444.jpg'), 2), 'one of 2 channels. Convert it to RGB.'],
    ['an animated WebP', fixture('animated.webp'), 'received an animation'],
    ['half a JPEG', photo('rocket.jpg').subarray(0, 60_000), '60000 bytes without the end of the image (truncated)'],
    ['half a PNG', photo('chelsea.png').subarray(0, 60_000), 'its pixels are not all there (truncated)'],
    ['half a WebP', fixture('rgb.webp').subarray(0, 200), '200 of its 508 bytes (truncated)'],
  ])('%s', async (_, bytes, message) => {
    const error = await failure(decodeImage(bytes, 'a/cat.jpg'));
    expect(error.code).toBe('IMAGE');
    expect(error.message).toContain('a/cat.jpg: expected a');
    expect(error.message).toContain(message);
  });

  // Pillow's limit is twice its MAX_IMAGE_PIXELS of 89,478,485.
  test.each([
    ['PNG', 16_384, 16_384],
    ['PNG', 178_956_971, 1],
    ['PNG', 0xffffffff, 0xffffffff],
    ['JPEG', 65_500, 65_500],
    ['WebP', 16_383, 16_383],
  ] as const)('a %s of %i x %i pixels, before memory is taken for it', async (format, width, height) => {
    const before = process.resourceUsage().maxRSS;
    const error = await failure(decodeImage(bomb(format, width, height), 'bomb'));
    expect(error).toMatchObject({ code: 'IMAGE' });
    expect(error.message).toContain(
      `${width} x ${height} pixels. Scale it down, or allow more by the option maxPixels`,
    );
    expect(error.message).toContain('178956970');
    // Kilobytes.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(50_000);
  });

  test('a PNG of fewer pixels that its bytes could never hold, before memory is taken for it', async () => {
    const before = process.resourceUsage().maxRSS;
    for (const interlaced of [0, 1])
      expect((await failure(decodeImage(bomb('PNG', 13_000, 13_000, interlaced), 'bomb'))).message).toContain(
        "it can't be decoded: its pixels are not all there",
      );
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(50_000);
  });

  test('pixels beyond maxPixels, and none within', async () => {
    for (const name of ['rgb.png', '444.jpg', 'rgb.webp']) {
      const [width, height] = goldens.decode[name]!.size;
      const size = width * height;
      expect(rgbOf(await decodeImage(fixture(name), name, { maxPixels: size })).length).toBe(3 * size);
      const error = await failure(decodeImage(fixture(name), name, { maxPixels: size - 1 }));
      expect(error).toMatchObject({
        code: 'IMAGE',
        message: expect.stringContaining(`the limit is ${size - 1} pixels`),
      });
    }
    for (const maxPixels of [0, -1, Number.NaN])
      expect(await failure(decodeImage(fixture('rgb.png'), 'rgb.png', { maxPixels }))).toMatchObject({ code: 'INPUT' });
    await decodeImage(fixture('rgb.png'), 'rgb.png', { maxPixels: Number.POSITIVE_INFINITY });
  });
});

/** Returns the JPEG with another number of components in its frame. */
function withComponents(bytes: Uint8Array, components: number): Uint8Array {
  const at = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
  return bytes.with(at + 9, components);
}

/** Returns a small file whose header states a large size. */
function bomb(format: 'PNG' | 'JPEG' | 'WebP', width: number, height: number, interlaced = 0): Uint8Array {
  const bytes = fixture({ PNG: 'rgb.png', JPEG: '444.jpg', WebP: 'lossy.webp' }[format]);
  const view = new DataView(bytes.buffer);
  if (format === 'PNG') {
    view.setUint32(16, width);
    view.setUint32(20, height);
    bytes[28] = interlaced;
    view.setUint32(29, crc(bytes.subarray(12, 29)));
  } else if (format === 'JPEG') {
    const at = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
    view.setUint16(at + 5, height);
    view.setUint16(at + 7, width);
  } else {
    view.setUint16(26, width, true);
    view.setUint16(28, height, true);
  }
  return bytes;
}

describe('a decoder that fails', () => {
  test.each(['rgb.png', '444.jpg', 'rgb.webp'])('on some of many at a time, gives every whole %s', async (name) => {
    const codec = wasmCodec(loadCodecWasm);
    const bad = withoutPixels(name);
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => decodeWith(codec, i % 3 === 1 ? bad : fixture(name), `${i}`)),
    );
    for (const [i, result] of results.entries())
      if (i % 3 === 1) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'IMAGE' } });
      else {
        expect(result.status).toBe('fulfilled');
        const { value } = result as PromiseFulfilledResult<DecodedImage>;
        expect(Buffer.from(rgbOf(value)).toString('base64')).toBe(goldens.decode[name]!.rgb);
      }
  });

  test.each(['rgb.png', '444.jpg', 'rgb.webp'])(
    '300 damaged files do not stop the next %s, nor keep memory',
    async (name) => {
      const codec = wasmCodec(loadCodecWasm);
      const bad = withoutPixels(name);
      const fail = async (times: number) => {
        for (let i = 0; i < times; i++)
          expect(await failure(decodeWith(codec, bad, name))).toMatchObject({ code: 'IMAGE' });
      };
      await fail(100);
      const before = process.memoryUsage().rss;
      await fail(200);
      expect(process.memoryUsage().rss - before).toBeLessThan(2e8);
      const image = await decodeWith(codec, fixture(name), name);
      expect(Buffer.from(rgbOf(image)).toString('base64')).toBe(goldens.decode[name]!.rgb);
    },
  );

  test.each(['444.jpg', 'rgb.webp'])('to start, is no fault of %s, and starts again', async (name) => {
    let fails = true;
    const codec = wasmCodec((format) => (fails ? Promise.reject(new Error('CSP says no')) : loadCodecWasm(format)));
    const error = await failure(decodeWith(codec, fixture(name), name));
    expect(error.code).toBe('BACKEND');
    expect(error.message).toMatch(/^The (JPEG|WebP) decoder can't start: CSP says no. No image is at fault/);
    fails = false;
    await decodeWith(codec, fixture(name), name);
  });

  test('to start, as an empty or a foreign wasm file', async () => {
    for (const bytes of [new Uint8Array(), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)]) {
      const codec = wasmCodec(() => WebAssembly.compile(bytes));
      for (const name of ['444.jpg', 'rgb.webp'])
        expect(await failure(decodeWith(codec, fixture(name), name))).toMatchObject({ code: 'BACKEND' });
    }
  });

  test('to load, is no fault of an image, and is loaded again', async () => {
    let fails = true;
    const decode = imageDecoder(async () => {
      if (fails) throw new TypeError('Failed to fetch dynamically imported module');
      return wasm;
    });
    expect(await failure(decode(fixture('rgb.png'), 'rgb.png'))).toMatchObject({ code: 'BACKEND' });
    fails = false;
    await decode(fixture('rgb.png'), 'rgb.png');
  });
});

describe('PNGs whose pixels are whole, though Pillow refuses them', () => {
  const whole = fixture('rgb.png');
  const chunk = (type: string, body: number[], checksum?: number): Uint8Array => {
    const bytes = new Uint8Array(12 + body.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, body.length);
    bytes.set(new TextEncoder().encode(type), 4);
    bytes.set(body, 8);
    view.setUint32(8 + body.length, checksum ?? crc(bytes.subarray(4, 8 + body.length)));
    return bytes;
  };
  const header = 33;
  const data = Buffer.from(whole).indexOf('IDAT') - 4;
  const length = new DataView(whole.buffer).getUint32(data);
  const pixels = [...whole.subarray(data + 8, data + 8 + length)];
  const end = whole.subarray(data + 12 + length);
  const png = (...chunks: Uint8Array[]) =>
    Uint8Array.from([whole.subarray(0, header), ...chunks].flatMap((c) => [...c]));

  test.each([
    ['a text with a wrong checksum', png(chunk('tEXt', [65, 0, 66], 7), whole.subarray(header))],
    ['a pHYs that is too short', png(chunk('pHYs', [1]), whole.subarray(header))],
    ['an iTXt that is none', png(chunk('iTXt', [88, 0, 1, 0, 0, 0, 9, 9, 9]), whole.subarray(header))],
    ['an eXIf that is none', png(chunk('eXIf', [1, 2, 3]), whole.subarray(header))],
    [
      'pixels in two parts with a text between',
      png(chunk('IDAT', pixels.slice(0, 20)), chunk('tEXt', [65, 0, 66]), chunk('IDAT', pixels.slice(20)), end),
    ],
    [
      'a chunk behind the pixels that is cut off',
      png(chunk('IDAT', pixels), chunk('tEXt', [65, 0, 66]).subarray(0, 9)),
    ],
    ['a palette with a wrong checksum behind the pixels', png(chunk('IDAT', pixels), chunk('PLTE', [1, 2, 3], 7), end)],
  ])('%s', async (name, bytes) => {
    const image = await decodeImage(bytes, name);
    expect(Buffer.from(rgbOf(image)).toString('base64')).toBe(goldens.decode['rgb.png']!.rgb);
  });

  test.each([
    ['its palette is missing', () => fixture('palette-8.png').map((byte, i, all) => (isPalette(all, i) ? 0x58 : byte))],
    [
      'its palette is damaged',
      () => fixture('palette-8.png').map((byte, i, all) => (isPalette(all, i - 4) ? 1 : byte)),
    ],
  ])('but not one where %s', async (name, make) => {
    expect(await failure(decodeImage(make(), name))).toMatchObject({ code: 'IMAGE' });
  });
  const isPalette = (bytes: Uint8Array, at: number) => Buffer.from(bytes).indexOf('PLTE') === at;
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
  const turned = Uint8Array.of(0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0);
  expect(orientationOf({ exif: turned })).toBe(6);
  for (let length = 0; length < turned.length; length++)
    expect(orientationOf({ exif: turned.subarray(0, length) })).toBe(1);
  expect(orientationOf({ exif: turned.with(19, 9) })).toBe(1);
  expect(orientationOf({ exif: turned.with(13, 7) })).toBe(1);
  expect(orientationOf({ exif: turned.with(7, 200) })).toBe(1);
  expect(orientationOf({ exif: turned.with(0, 0x49) })).toBe(1);
  expect(orientationOf({})).toBe(1);
});
