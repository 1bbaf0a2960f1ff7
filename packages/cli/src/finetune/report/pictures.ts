import type { Classifier, Preprocessing } from '@cnnzoo/core';
import { type Picture, pngUrl } from '@cnnzoo/report';
import type { Tensor4D } from '@tensorflow/tfjs-core';

/** Pictures are made smaller by whole factors until no side is longer, in pixels. */
const LONGEST = 128;

/** Turns one image as a net sees it, [height, width, channels] normalised, into bytes again. */
function bytesOf(values: Float32Array, { mean, std, channels }: Preprocessing): Uint8Array {
  // A byte array rounds down, where its clamped kin rounds.
  const bytes = Uint8ClampedArray.from(values, (value, i) => 255 * (value * std[i % channels]! + mean[i % channels]!));
  return new Uint8Array(bytes.buffer);
}

/** Averages squares of `factor` pixels; pixels left over at the right and at the bottom are cut off. */
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

/** Returns each image of a batch, [n, height, width, channels], as a net sees it: data URLs of PNGs. */
export function picturesOf(x: Tensor4D, preprocessing: Preprocessing): string[] {
  const [count, height, width] = x.shape;
  const { channels } = preprocessing;
  const values = x.dataSync() as Float32Array;
  const size = height * width * channels;
  const factor = Math.ceil(Math.max(height, width) / LONGEST);
  return Array.from({ length: count }, (_, i) => {
    const data = bytesOf(values.subarray(i * size, (i + 1) * size), preprocessing);
    return pngUrl(shrink({ width, height, channels, data }, factor));
  });
}

/** Returns the data URL of each file as the net sees it, by its path. */
export async function picturesOfFiles(net: Classifier, files: readonly string[]): Promise<Map<string, string>> {
  const pictures = new Map<string, string>();
  for (const file of new Set(files)) {
    const x = await net.preprocess(file);
    pictures.set(file, picturesOf(x, net.preprocessing)[0]!);
    x.dispose();
  }
  return pictures;
}
