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
