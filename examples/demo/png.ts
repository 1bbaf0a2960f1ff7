import { encode } from 'fast-png';
import { SIZE } from './digits.js';

/** A digit, light on dark as MNIST's are, as a picture dark on light: the data URL of a PNG. */
export function inkOnPaper(pixels: Uint8Array): string {
  const data = pixels.map((value) => 255 - value);
  const png = encode({ width: SIZE, height: SIZE, channels: 1, data });
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
