import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DecodedImage, ImageInput } from '../../src/images/image.js';
import { toPixels } from '../../src/images/pixels.js';
import { bytesIn } from '../../src/util/bytes-in.js';
import { fixture, fixturePath, goldens, photo, photoPath, rgbOf } from './goldens.js';
import { sha256, synthetic } from './noise.js';

const CHELSEA = goldens.photographs.find(({ image }) => image === 'chelsea.png')!;
const expectChelsea = async (input: ImageInput) => {
  const pixels = await toPixels(input);
  expect([pixels.width, pixels.height]).toEqual(CHELSEA.size);
  expect(sha256(rgbOf(pixels))).toBe(CHELSEA.decoded);
};

describe('encoded images', () => {
  const bytes = photo('chelsea.png');
  const endless = (response: ServerResponse): void => {
    const more = (): void => {
      while (!response.destroyed && response.write(bytes));
    };
    response.on('drain', more);
    more();
  };
  const server = createServer((request, response) => {
    if (request.url === '/cat') response.end(bytes);
    else if (request.url === '/half') response.writeHead(200).write(bytes.subarray(0, 9999));
    else if (request.url === '/silent') return;
    else if (request.url === '/huge') response.writeHead(200, { 'content-length': 2 ** 40 }).write(bytes);
    else if (request.url === '/endless') endless(response);
    else if (request.url === '/page') response.end('<!doctype html><p>Welcome');
    else response.writeHead(404).end('<html>Not found</html>');
  });
  let origin = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('a path, and its URL', async () => {
    await expectChelsea(photoPath('chelsea.png'));
    await expectChelsea(pathToFileURL(photoPath('chelsea.png')));
    await expectChelsea(pathToFileURL(photoPath('chelsea.png')).href);
  });

  test('bytes, an ArrayBuffer, a Buffer, a Blob', async () => {
    await expectChelsea(bytes);
    await expectChelsea(bytes.slice().buffer);
    await expectChelsea(Buffer.from(bytes));
    await expectChelsea(new Blob([bytes.slice()]));
  });

  test.each(['rgb.png', '444.jpg', 'grey.jpg', 'rgb.webp', 'lossy.webp', 'chelsea.png', 'rocket.jpg'])(
    'the bytes of %s wherever they lie, which stay as they are',
    async (name) => {
      const photograph = goldens.photographs.find(({ image }) => image === name);
      const bytes = photograph ? photo(name) : fixture(name);
      const expected = photograph?.decoded ?? sha256(Buffer.from(goldens.decode[name]!.rgb, 'base64'));
      const odd = Buffer.concat([Buffer.from('odd'), bytes, bytes]).subarray(3, 3 + bytes.length);
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 5), 5);
      shared.set(bytes);
      const block = new SharedArrayBuffer(bytes.length);
      new Uint8Array(block).set(bytes);
      const pooled = Buffer.from(Buffer.from(bytes).toString('base64'), 'base64');
      const elsewhere = runInNewContext('new Uint8Array(bytes)', { bytes: [...bytes] }) as Uint8Array;
      expect(elsewhere).not.toBeInstanceOf(Uint8Array);
      const inputs: Record<string, ImageInput> = {
        'a Buffer of the pool': pooled,
        'a file as it was read': readFileSync(photograph ? photoPath(name) : fixturePath(name)),
        'Buffer.concat of parts': Buffer.concat([bytes.subarray(0, 50), bytes.subarray(50)]),
        'a subarray at an odd offset': odd,
        'a view of the same place': new Uint8Array(odd.buffer, odd.byteOffset, odd.length),
        'shared memory': shared,
        'a SharedArrayBuffer': block,
        'a DataView': new DataView(odd.buffer, odd.byteOffset, odd.length),
        'clamped bytes': new Uint8ClampedArray(odd.buffer, odd.byteOffset, odd.length),
        'bytes of another realm': elsewhere,
        "another realm's ArrayBuffer": elsewhere.buffer as ArrayBuffer,
      };
      for (const [what, input] of Object.entries(inputs)) {
        expect(sha256(rgbOf(await toPixels(input))), what).toBe(expected);
        const left = bytesIn(input)!;
        expect(Buffer.compare(left, bytes), what).toBe(0);
      }
    },
  );

  test('a URL object of another realm', async () => {
    const url = pathToFileURL(photoPath('chelsea.png'));
    // jsdom's URL class has the same tag, but does not inherit from this realm's.
    const other = { [Symbol.toStringTag]: 'URL', href: url.href, protocol: 'file:', toString: () => url.href };
    await expectChelsea(other as unknown as URL);
  });

  test('a URL of a server, a data URL, a blob URL', async () => {
    await expectChelsea(`${origin}/cat`);
    await expectChelsea(new URL('/cat', origin));
    await expectChelsea(`data:image/png;base64,${Buffer.from(bytes).toString('base64')}`);
    const url = URL.createObjectURL(new Blob([bytes.slice()]));
    await expectChelsea(url);
    URL.revokeObjectURL(url);
  });

  test('a server that has no image', async () => {
    await expect(toPixels(`${origin}/none`)).rejects.toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringContaining(`${origin}/none: expected an image, but it can't be fetched: received HTTP 404`),
    });
    await expect(toPixels(`${origin}/page`)).rejects.toMatchObject({
      code: 'IMAGE',
      message: `${origin}/page: expected a JPEG, PNG or WebP image, received an HTML page.`,
    });
    await expect(toPixels('http://127.0.0.1:9/cat')).rejects.toMatchObject({ code: 'DOWNLOAD' });
  });

  test('a server that stops is left by the signal', async () => {
    for (const path of ['/half', '/silent']) {
      const controller = new AbortController();
      const pixels = toPixels(`${origin}${path}`, 'the image', { signal: controller.signal });
      setTimeout(() => controller.abort(), 50);
      await expect(pixels).rejects.toMatchObject({ code: 'ABORTED' });
    }
    const signal = AbortSignal.abort();
    for (const input of [`${origin}/cat`, photoPath('chelsea.png')])
      await expect(toPixels(input, 'the image', { signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('a body larger than an image can be is not read', async () => {
    const message = expect.stringContaining('expected at most 268435456 bytes, received');
    for (const path of ['/huge', '/endless'])
      await expect(toPixels(`${origin}${path}`)).rejects.toMatchObject({ code: 'DOWNLOAD', message });
  });

  test('an image of more pixels than maxPixels', async () => {
    const message = expect.stringContaining('451 x 300 pixels. Scale it down');
    const inputs = [`${origin}/cat`, photoPath('chelsea.png'), bytes, new Blob([bytes.slice()])];
    for (const input of inputs) {
      await expect(toPixels(input, 'cat', { maxPixels: 135_299 })).rejects.toMatchObject({ code: 'IMAGE', message });
      await toPixels(input, 'cat', { maxPixels: 135_300 });
    }
  });

  test('a File that is gone', async () => {
    const gone = { [Symbol.toStringTag]: 'File', arrayBuffer: () => Promise.reject(new Error('NotReadableError')) };
    await expect(toPixels(gone as unknown as File, 'cat.jpg')).rejects.toMatchObject({
      code: 'FILE',
      message: "cat.jpg: can't be read (Error: NotReadableError). Choose the file again.",
    });
  });

  test('a path without a file', async () => {
    await expect(toPixels(photoPath('none.png'))).rejects.toMatchObject({ code: 'FILE' });
    await expect(toPixels(photoPath('.'))).rejects.toMatchObject({ code: 'FILE' });
  });
});

describe('tensors', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  test.each([1, 3, 4] as const)('int32 of %i channels', async (channels) => {
    const image = synthetic(7, 5, channels);
    const tensor = tf.tensor3d(image.data, [5, 7, channels], 'int32');
    expect(await toPixels(tensor)).toEqual(image);
    expect(tensor.isDisposed).toBe(false);
    tensor.dispose();
  });

  test('float32 as tf.browser.toPixels takes it', async () => {
    const values = [0, 1, 0.5, 0.25, 1 / 255, 0.0019, 0.00197, 254.4 / 255, 254.6 / 255];
    const tensor = tf.tensor3d(values, [3, 3, 1]);
    const expected = await tf.browser.toPixels(tensor);
    expect(rgbOf(await toPixels(tensor))).toEqual(Uint8Array.from(expected.filter((_, i) => i % 4 < 3)));
    tensor.dispose();
  });

  test.each<[string, () => tf.Tensor, string]>([
    ['above 255', () => tf.fill([2, 2, 3], 256, 'int32'), 'from 0 to 255 in a tensor of int32, received 256'],
    ['below 0', () => tf.fill([2, 2, 3], -1, 'int32'), 'received -1'],
    ['0..255 as float32', () => tf.fill([2, 2, 3], 128), 'from 0 to 1 in a tensor of float32, received 128'],
    ['NaN', () => tf.fill([2, 2, 3], Number.NaN), 'received NaN'],
    ['negative', () => tf.fill([2, 2, 3], -0.25), 'received -0.25'],
    ['a batch', () => tf.zeros([1, 2, 2, 3]), '[height, width, channels] of 1, 3 or 4 channels, received [1, 2, 2, 3]'],
    ['two channels', () => tf.zeros([2, 2, 2]), 'received [2, 2, 2]'],
    ['no pixels', () => tf.zeros([0, 2, 3]), 'received [0, 2, 3]'],
    ['bool', () => tf.zeros([2, 2, 3], 'bool'), 'expected an int32 or float32 tensor, received bool'],
  ])('%s is refused', async (_, make, message) => {
    const tensor = make();
    await expect(toPixels(tensor as tf.Tensor3D)).rejects.toMatchObject({ code: 'INPUT' });
    await expect(toPixels(tensor as tf.Tensor3D, 'images[3]')).rejects.toThrow(message);
    await expect(toPixels(tensor as tf.Tensor3D, 'images[3]')).rejects.toThrow('images[3]: ');
    tensor.dispose();
  });
});

test('a tensor that was disposed of is refused', async () => {
  const tensor = tf.zeros<tf.Rank.R3>([2, 2, 3]);
  tensor.dispose();
  await expect(toPixels(tensor, 'images[3]')).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringContaining('images[3]: expected a tensor, received one that was disposed of'),
  });
});

test.each([
  [0, 0, 0],
  [2.5, 1.6, 16],
  ['2', '2', 16],
  [-2, -2, 16],
])('ImageData of %s x %s pixels is refused', async (width, height, values) => {
  const image = { data: new Uint8ClampedArray(values), width, height } as unknown as ImageData;
  await expect(toPixels(image)).rejects.toMatchObject({ code: 'IMAGE' });
});

// Stand-ins have those properties of a browser's classes that are read.
describe('pictures of a page', () => {
  const { data, width, height } = synthetic(6, 4, 4);
  const imageData = { data: new Uint8ClampedArray(data), width, height, colorSpace: 'srgb' } as unknown as ImageData;
  const context = { drawImage: vi.fn(), getImageData: vi.fn(() => imageData) };

  class OffscreenCanvas {
    constructor(
      readonly width: number,
      readonly height: number,
    ) {}
    getContext = () => context;
  }

  beforeAll(() => {
    vi.stubGlobal('OffscreenCanvas', OffscreenCanvas);
  });
  afterEach(() => {
    vi.clearAllMocks();
  });
  afterAll(() => {
    vi.unstubAllGlobals();
  });

  const expected = { data: imageData.data, width, height, channels: 4 };

  test('ImageData', async () => {
    expect(await toPixels(imageData)).toEqual(expected);
    const short = { ...imageData, width: 7 } as ImageData;
    await expect(toPixels(short)).rejects.toMatchObject({ code: 'IMAGE' });
    const elsewhere = runInNewContext('new Uint8ClampedArray(values)', { values: [...imageData.data] });
    expect(rgbOf(await toPixels({ ...imageData, data: elsewhere } as ImageData))).toEqual(
      rgbOf(expected as DecodedImage),
    );
    const halves = { data: new Float32Array(96), width, height } as unknown as ImageData;
    await expect(toPixels(halves)).rejects.toThrow('Float32Array for 6 x 4 pixels');
  });

  test('a canvas by its own context', async () => {
    const canvas = { width, height, getContext: () => context } as unknown as HTMLCanvasElement;
    expect(await toPixels(canvas)).toEqual(expected);
    expect(context.drawImage).not.toHaveBeenCalled();
    expect(context.getImageData).toHaveBeenCalledWith(0, 0, 6, 4);
  });

  test.each<[string, object]>([
    ['a WebGL canvas', { width, height, getContext: () => null }],
    ['an ImageBitmap', { width, height, close: () => {} }],
    ['an image', { width: 300, height: 300, complete: true, naturalWidth: width, naturalHeight: height }],
    ['a video', { width: 300, height: 300, readyState: 2, videoWidth: width, videoHeight: height }],
  ])('%s, drawn in its own size', async (_, source) => {
    expect(await toPixels(source as ImageBitmap)).toEqual(expected);
    expect(context.drawImage).toHaveBeenCalledWith(source, 0, 0, 6, 4);
  });

  test('an image that is still loading', async () => {
    const image = {
      complete: false,
      naturalWidth: 0,
      naturalHeight: 0,
      decode: async () => Object.assign(image, { naturalWidth: width, naturalHeight: height }),
    };
    expect(await toPixels(image as unknown as HTMLImageElement)).toEqual(expected);
  });

  test.each<[string, object, string]>([
    ['a video without a frame', { readyState: 1, videoWidth: 0, videoHeight: 0 }, "'loadeddata'"],
    ['a broken image', { complete: true, naturalWidth: 0, naturalHeight: 0 }, '0 x 0 pixels'],
    [
      "another site's image",
      {
        width,
        height,
        getContext: () => ({
          getImageData: () => {
            throw new Error('The canvas has been tainted by cross-origin data.');
          },
        }),
      },
      'crossOrigin',
    ],
  ])('%s is refused', async (_, source, message) => {
    await expect(toPixels(source as ImageBitmap)).rejects.toMatchObject({ code: 'IMAGE' });
    await expect(toPixels(source as ImageBitmap)).rejects.toThrow(message);
  });
});

test.each<[string, unknown]>([
  ['number', 3],
  ['null', null],
  ['undefined', undefined],
  ['Object', {}],
  ['Float32Array', new Float32Array(4)],
  ['Uint16Array', new Uint16Array(4)],
  ['Array', []],
])('%s is refused', async (what, input) => {
  await expect(toPixels(input as ImageInput)).rejects.toMatchObject({ code: 'INPUT' });
  await expect(toPixels(input as ImageInput)).rejects.toThrow(`received ${what}.`);
});
