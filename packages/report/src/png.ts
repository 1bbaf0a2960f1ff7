import { encode } from 'fast-png';

/** Image in bytes, row by row, without padding between the rows. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 for grey, 3 for RGB. */
  readonly channels: number;
  /** height x width x channels values, 0 to 255. */
  readonly data: Uint8Array;
}

/** Encodes a picture as PNG and returns its data URL. */
export const pngUrl = (picture: Picture): string =>
  `data:image/png;base64,${Buffer.from(encode(picture)).toString('base64')}`;
