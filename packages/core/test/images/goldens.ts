import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DecodedImage } from '../../src/images/image.js';
import type { Preprocessing } from '../../src/images/transform.js';

/** Results of torchvision and Pillow, written by tools/weights/torch/images.py. */
interface Goldens {
  recipes: Record<string, Omit<Preprocessing, 'interpolation'>>;
  resize: { from: [number, number]; to: [number, number]; channels: 1 | 3; sha256: string }[];
  preprocess: { image: string; recipe: string; sha256: string; sample: number[] }[];
  photographs: {
    image: string;
    size: [number, number];
    decoded: string;
    grey: string;
    resized: { to: [number, number]; sha256: string }[];
  }[];
  decode: Record<string, { size: [number, number]; mode: string; rgb: string }>;
}

const bytesAt = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, import.meta.url)));

export const goldens = JSON.parse(new TextDecoder().decode(bytesAt('goldens/images.json'))) as Goldens;

export const photoPath = (name: string): string =>
  fileURLToPath(new URL(`../../../../examples/photos/${name}`, import.meta.url));

export const photo = (name: string): Uint8Array => new Uint8Array(readFileSync(photoPath(name)));

export const fixturePath = (name: string): string => fileURLToPath(new URL(`goldens/decode/${name}`, import.meta.url));

export const fixture = (name: string): Uint8Array => bytesAt(`goldens/decode/${name}`);

/** Returns the pixels as Pillow's `convert('RGB')` does: alpha dropped, grey repeated. */
export function rgbOf({ data, width, height, channels }: DecodedImage): Uint8Array {
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) out[i * 3 + c] = data[i * channels + (channels === 1 ? 0 : c)]!;
  return out;
}
