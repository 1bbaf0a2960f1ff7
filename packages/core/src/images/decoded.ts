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
