import type { Classifier, Preprocessing } from '@cnnzoo/core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { encode } from 'fast-png';

/** An image of bytes, row by row, no padding between them. */
interface Picture {
  readonly width: number;
  readonly height: number;
  /** Grey or RGB. */
  readonly channels: number;
  readonly data: Uint8Array;
}

/** Pictures are made smaller by whole factors until no side is longer, in pixels. */
const LONGEST = 128;

/** What a net sees of one image, [height, width, channels] normalised, as bytes again. */
function bytesOf(values: Float32Array, { mean, std, channels }: Preprocessing): Uint8Array {
  // A byte array rounds down, where its clamped kin rounds.
  const bytes = Uint8ClampedArray.from(values, (value, i) => 255 * (value * std[i % channels]! + mean[i % channels]!));
  return new Uint8Array(bytes.buffer);
}

/** The means of squares of `factor` pixels; what is left over at the right and at the bottom is cut off. */
function shrink({ width, height, channels, data }: Picture, factor: number): Picture {
  const [w, h] = [Math.floor(width / factor), Math.floor(height / factor)];
  const out = new Uint8Array(w * h * channels);
  for (let i = 0; i < out.length; i++) {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % w, Math.floor(i / channels / w)];
    let sum = 0;
    for (let dy = 0; dy < factor; dy++)
      for (let dx = 0; dx < factor; dx++) sum += data[((y * factor + dy) * width + x * factor + dx) * channels + c]!;
    out[i] = Math.round(sum / factor ** 2);
  }
  return { width: w, height: h, channels, data: out };
}

/** Each image of a batch as a net sees it, as the data URL of a PNG. */
export function picturesOf(x: Tensor4D, preprocessing: Preprocessing): string[] {
  const [count, height, width] = x.shape;
  const { channels } = preprocessing;
  const values = x.dataSync() as Float32Array;
  const size = height * width * channels;
  const factor = Math.ceil(Math.max(height, width) / LONGEST);
  return Array.from({ length: count }, (_, i) => {
    const data = bytesOf(values.subarray(i * size, (i + 1) * size), preprocessing);
    const png = encode(shrink({ width, height, channels, data }, factor));
    return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
  });
}

/** The data URL of each file as the net sees it, by its path. */
export async function picturesOfFiles(net: Classifier, files: readonly string[]): Promise<Map<string, string>> {
  const pictures = new Map<string, string>();
  for (const file of new Set(files)) {
    const x = await net.preprocess(file);
    pictures.set(file, picturesOf(x, net.preprocessing)[0]!);
    x.dispose();
  }
  return pictures;
}
