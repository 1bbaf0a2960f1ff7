import { absolute } from '#platform';
import type { DecodedImage, ImageInput } from '../images/index.js';
import {
  drawablePixels,
  elementBitmap,
  imageDataPixels,
  isDrawable,
  isFrame,
  isImageData,
  notAnImage,
  refusedPicture,
} from '../images/late.js';
import { CnnzooError, copyOf, isArrayBuffer, isBlob, isUrl } from '../util/index.js';
import { bytesIn } from '../util/late.js';
import type { SentImage } from './messages.js';

/** Image that is ready to be sent. */
interface PackedImage {
  readonly image: SentImage;
  /** Memory or picture that is moved to the worker; the rest is copied. */
  readonly moved?: object;
  /** true for a picture that was made here, so that it has to be closed if it is not sent. */
  readonly isMade?: boolean;
}

/** Images of a call, ready to be sent. */
export type Packed = PackedImage | readonly PackedImage[];

/** Packs pixels that nobody else has. */
function ownPixels({ data, width, height, channels }: DecodedImage): PackedImage {
  const memory = data.buffer as ArrayBuffer;
  const rgba = channels === 4 ? new Uint8ClampedArray(memory, data.byteOffset, data.length) : withAlpha(data, channels);
  return { image: { data: rgba, width, height }, moved: rgba.buffer };
}

/** Returns grey or RGB pixels as RGBA, from which a net gets the same input. */
function withAlpha(data: ArrayLike<number>, channels: 1 | 3): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray((data.length / channels) * 4).fill(255);
  const step = channels === 1 ? 0 : 1;
  for (let from = 0, to = 0; from < data.length; from += channels, to += 4)
    for (let c = 0; c < 3; c++) rgba[to + c] = data[from + c * step]!;
  return rgba;
}

/** Returns true if the memory can be given away: it is not shared, and nothing else lies in it. */
const isWhole = (bytes: ArrayBufferView): boolean =>
  isArrayBuffer(bytes.buffer) && bytes.byteLength === bytes.buffer.byteLength;

const isShared = (input: unknown): boolean => {
  const memory = ArrayBuffer.isView(input) ? input.buffer : input;
  return Object.prototype.toString.call(memory) === '[object SharedArrayBuffer]';
};

/**
 * Packs an image. What can be is packed at once, so that a caller may reuse the memory after the call.
 *
 * @param name Name for messages.
 * @param transfer true to move the caller's own memory and pictures.
 */
function pack(input: ImageInput, name: string, transfer: boolean): PackedImage | Promise<PackedImage> {
  if (typeof input === 'string' || isUrl(input)) return { image: absolute(input) };
  if (isBlob(input)) return { image: input };
  const bytes = bytesIn(input);
  if (bytes) {
    // A view would bring along all of the memory that it lies in. A view of shared memory is a copy already.
    const image = isShared(input) || (transfer && isWhole(bytes)) ? bytes : copyOf(bytes);
    return { image, moved: image.buffer as ArrayBuffer };
  }
  if (typeof input !== 'object' || input === null) throw notAnImage(input, name);
  if ('dataId' in input) return tensorPixels(input, name);
  if (isImageData(input)) {
    const { data, width, height } = imageDataPixels(input, name);
    const pixels = transfer && isWhole(data) ? (data as ImageData['data']) : new Uint8ClampedArray(data);
    return { image: { data: pixels, width, height }, moved: pixels.buffer as ArrayBuffer };
  }
  if (!isDrawable(input)) throw notAnImage(input, name);
  if (isFrame(input)) return { image: input, ...(transfer && { moved: input }) };
  return 'getContext' in input ? drawablePixels(input, name).then(ownPixels) : element(input, name);
}

async function tensorPixels(input: ImageInput, name: string): Promise<PackedImage> {
  const { toPixels } = await import('../images/index.js');
  return ownPixels(await toPixels(input, name));
}

async function element(input: HTMLImageElement | HTMLVideoElement, name: string): Promise<PackedImage> {
  const picture = await elementBitmap(input, name);
  return 'close' in picture ? { image: picture, moved: picture, isMade: true } : ownPixels(picture);
}

const listOf = (packed: Packed): readonly PackedImage[] =>
  (Array.isArray(packed) ? packed : [packed]) as readonly PackedImage[];

/** Frees pictures that were made here and are not sent. */
export function discard(packed: Packed): void {
  for (const { image, isMade } of listOf(packed)) if (isMade) (image as ImageBitmap).close();
}

/**
 * Packs the images of a call.
 *
 * @throws CnnzooError IMAGE or INPUT for an image that can't be read here.
 */
export async function packAll(images: ImageInput | readonly ImageInput[], transfer: boolean): Promise<Packed> {
  if (!Array.isArray(images)) return pack(images as ImageInput, 'the image', transfer);
  const packed = await Promise.allSettled(
    Array.from(images, async (image: ImageInput, i) => pack(image, `images[${i}]`, transfer)),
  );
  const failed = packed.find(({ status }) => status === 'rejected');
  const done = packed.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  if (!failed) return done;
  discard(done);
  throw (failed as PromiseRejectedResult).reason;
}

/** Returns the images as they are sent, and the memory and pictures that are moved, each of them once. */
export const sent = (packed: Packed): { images: SentImage | readonly SentImage[]; moved: object[] } => ({
  images: Array.isArray(packed) ? packed.map(({ image }) => image) : (packed as PackedImage).image,
  moved: [...new Set(listOf(packed).flatMap(({ moved }) => moved ?? []))],
});

/** Returns the error for images that the browser refused to send. */
export function refusedImages(packed: Packed, cause: unknown): CnnzooError {
  for (const [i, { image }] of listOf(packed).entries()) {
    if (typeof image !== 'object' || !isFrame(image)) continue;
    try {
      structuredClone(image).close();
    } catch {
      return refusedPicture(Array.isArray(packed) ? `images[${i}]` : 'the image', cause);
    }
  }
  return new CnnzooError(
    'INPUT',
    `The images can't be sent to the worker: ${cause}. Memory of WebAssembly, and memory that was moved before, can't be ` +
      'transferred: leave `transfer` out, or give a copy.',
    { cause },
  );
}
