import type { Tensor3D } from '@tensorflow/tfjs-core';

/**
 * What an image can be: a path (Node), a URL, encoded bytes, a Blob or File, pixels of a page, or a Tensor3D
 * [height, width, channels], int32 0..255 or float32 0..1, which stays the caller's.
 */
export type ImageInput =
  | string
  | URL
  | ArrayBuffer
  | Uint8Array
  | Blob
  | ImageData
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLImageElement
  | HTMLVideoElement
  | ImageBitmap
  | Tensor3D;
