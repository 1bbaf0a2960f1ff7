import type { Tensor3D } from '@tensorflow/tfjs-core';

/** Bytes `start` to `end` as characters, one each. */
export const ascii = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/**
 * Forms of an image: a path (Node), a URL, encoded bytes, a Blob or File, pixels of a page, or a Tensor3D
 * [height, width, channels], int32 0..255 or float32 0..1. Bytes and tensors stay the caller's: they are neither
 * changed nor transferred.
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
  | Tensor3D;

/** Options of whatever reads images. */
export interface ImageOptions {
  /**
   * Pixels (width x height) above which an encoded image is refused before memory is taken for it; Infinity: no limit.
   * Default: 178,956,970, above which Pillow takes an image for a decompression bomb.
   */
  maxPixels?: number | undefined;
  /** Stops the work; the call rejects with a CnnzooError ABORTED. */
  signal?: AbortSignal | undefined;
}

/** An image in memory, 8 bits a channel, rows from the top, no padding between them. */
export interface DecodedImage {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  /** 1: grey. 3: RGB. 4: RGB and an alpha that is ignored, as Pillow's `convert('RGB')` ignores it. */
  readonly channels: 1 | 3 | 4;
  /** True if the decoder found damage and went on. */
  readonly damaged?: boolean;
}

/** ITU-R 601-2 luma in units of 2^-16, rounded: Pillow's `convert('L')`. Grey images stay as they are. */
export function toGrey(image: DecodedImage): DecodedImage {
  const { data, width, height, channels } = image;
  if (channels === 1) return image;
  const out = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < out.length; i++, at += channels)
    out[i] = (data[at]! * 19595 + data[at + 1]! * 38470 + data[at + 2]! * 7471 + 0x8000) >> 16;
  return { data: out, width, height, channels: 1 };
}
