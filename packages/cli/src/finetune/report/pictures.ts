import type { Classifier, Preprocessing } from '@cnnzoo/core';
import { type Picture, pngUrl } from '@cnnzoo/report';
import type { Tensor4D } from '@tensorflow/tfjs-core';

/** Longest side of a picture in pixels. Larger images are shrunk by whole factors. */
const LONGEST = 128;

/** Converts a normalised image [height, width, channels] back to bytes. */
function bytesOf(values: Float32Array, { mean, std, channels }: Preprocessing): Uint8Array {
  // Uint8Array rounds down, Uint8ClampedArray to the nearest.
  const bytes = Uint8ClampedArray.from(values, (value, i) => 255 * (value * std[i % channels]! + mean[i % channels]!));
  return new Uint8Array(bytes.buffer);
}

/** Averages squares of `factor` pixels. Pixels left over at the right and the bottom are cut off. */
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

/** Makes a PNG data URL of each image of a batch [n, height, width, channels], as the net sees it. */
export async function picturesOf(x: Tensor4D, preprocessing: Preprocessing): Promise<string[]> {
  const [count, height, width] = x.shape;
  const { channels } = preprocessing;
  const values = await x.data<'float32'>();
  const size = height * width * channels;
  const factor = Math.ceil(Math.max(height, width) / LONGEST);
  return Array.from({ length: count }, (_, i) => {
    const data = bytesOf(values.subarray(i * size, (i + 1) * size), preprocessing);
    return pngUrl(shrink({ width, height, channels, data }, factor));
  });
}

/** Returns the picture of each file as the net sees it: a data URL by path. */
export async function picturesOfFiles(net: Classifier, files: readonly string[]): Promise<Map<string, string>> {
  const pictures = new Map<string, string>();
  for (const file of new Set(files)) {
    const x = await net.preprocess(file);
    try {
      pictures.set(file, (await picturesOf(x, net.preprocessing))[0]!);
    } finally {
      x.dispose();
    }
  }
  return pictures;
}
