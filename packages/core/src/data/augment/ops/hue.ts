import type { PixelImage } from '../augment.js';

const { fround } = Math;

/** C's `(UINT8)` of a rounded, not negative float: halves away from 0. */
const toByte = (value: number): number => Math.min(Math.floor(value + 0.5), 255);

/**
 * Turns the hue by `factor` of the whole circle, -0.5 to 0.5: torchvision's `adjust_hue` of a PIL image, to the bit.
 * Hue and saturation are bytes in between, in the float32 steps of Pillow's src/libImaging/Convert.c (rgb2hsv_row and
 * hsv2rgb). A grey image has no hue.
 */
export function adjustHue(image: PixelImage<Uint8Array>, factor: number): PixelImage<Uint8Array> {
  if (image.channels === 1) return image;
  const { data } = image;
  const out = new Uint8Array(data.length);
  const turn = Math.trunc(factor * 255);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
    const value = Math.max(r, g, b);
    const span = value - Math.min(r, g, b);
    const saturation = span === 0 ? 0 : Math.min(Math.trunc(fround(span / value) * 255), 255);
    if (saturation === 0) {
      out.fill(value, i, i + 3);
      continue;
    }
    const hue = (hueByte(r, g, b, value, span) + turn) & 255;
    const sixth = Math.floor(fround((hue * 6) / 255));
    const rest = fround((hue * 6) / 255 - sixth);
    const s = fround(saturation / 255);
    const p = toByte(fround(value * (1 - s)));
    const q = toByte(fround(value * (1 - s * rest)));
    const t = toByte(fround(value * (1 - s * (1 - rest))));
    const [red, green, blue] = SIXTHS[sixth % 6]!(value, p, q, t);
    out[i] = red;
    out[i + 1] = green;
    out[i + 2] = blue;
  }
  return { ...image, data: out };
}

type Sixth = (v: number, p: number, q: number, t: number) => readonly [number, number, number];

const SIXTHS: readonly Sixth[] = [
  (v, p, _q, t) => [v, t, p],
  (v, p, q) => [q, v, p],
  (v, p, _q, t) => [p, v, t],
  (v, p, q) => [p, q, v],
  (v, p, _q, t) => [t, p, v],
  (v, p, q) => [v, p, q],
];

function hueByte(r: number, g: number, b: number, value: number, span: number): number {
  const [red, green, blue] = [r, g, b].map((channel) => fround((value - channel) / span)) as [number, number, number];
  let h: number;
  if (r === value) h = fround(blue - green);
  else if (g === value) h = fround(2 + red - blue);
  else h = fround(4 + green - red);
  h = fround((h / 6 + 1) % 1);
  return Math.min(Math.trunc(h * 255), 255);
}
