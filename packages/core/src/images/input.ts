import type { Tensor3D } from '@tensorflow/tfjs-core';

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
