import type { Tensor3D } from '@tensorflow/tfjs-core';

/** Returns bytes `start` (inclusive) to `end` (exclusive) as text of Latin-1 characters. */
export const ascii = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/**
 * Image in any form that cnnzoo takes: a path (in Node), a URL, an encoded JPEG, PNG or WebP as bytes, Blob or File,
 * pixels of a page (ImageData, canvas, image, video, ImageBitmap, VideoFrame), or a Tensor3D [height, width, channels] of
 * 1, 3 or 4 channels, int32 from 0 to 255 or float32 from 0 to 1. Bytes, bitmaps, frames and tensors stay the caller's: they
 * are neither changed nor transferred nor closed nor disposed.
 */
export type ImageInput =
  | string
  | URL
  | ArrayBuffer
  | SharedArrayBuffer
  | Uint8Array
  | Uint8ClampedArray
  | DataView
  | Blob
  | ImageData
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLImageElement
  | HTMLVideoElement
  | ImageBitmap
  | VideoFrame
  | Tensor3D;

/**
 * Images that follow each other, such as those of a camera: a video element, a ReadableStream (that of a
 * `MediaStreamTrackProcessor`), or any async iterable of images.
 */
export type FrameSource = HTMLVideoElement | ReadableStream<ImageInput> | AsyncIterable<ImageInput>;

/** Options of the functions that read images. */
export interface ImageOptions {
  /**
   * Pixels (width x height) above which an encoded image is refused before memory is taken for it. Infinity: no limit.
   * Default: 178,956,970, above which Pillow takes an image for a decompression bomb.
   */
  maxPixels?: number | undefined;
  /** Stops the work. The call rejects with a CnnzooError ABORTED. */
  signal?: AbortSignal | undefined;
}

/** Image in memory, 8 bits per channel: rows from top to bottom, without padding between them. */
export interface DecodedImage {
  /** Values in the order [height, width, channels], 0 to 255. */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  /** 1: grey. 3: RGB. 4: RGB and an alpha that is ignored, as Pillow's `convert('RGB')` ignores it. */
  readonly channels: 1 | 3 | 4;
  /** true if the decoder found damage and continued. */
  readonly damaged?: boolean;
}

/**
 * Returns the image in grey, by ITU-R 601-2 luma in units of 2^-16, rounded, as Pillow's `convert('L')`. A grey image
 * is returned as it is.
 */
export function toGrey(image: DecodedImage): DecodedImage {
  const { data, width, height, channels } = image;
  if (channels === 1) return image;
  const out = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < out.length; i++, at += channels)
    out[i] = (data[at]! * 19595 + data[at + 1]! * 38470 + data[at + 2]! * 7471 + 0x8000) >> 16;
  return { data: out, width, height, channels: 1 };
}
