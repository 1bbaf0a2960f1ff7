import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '@cnnzoo/core';
import sharp from 'sharp';

/** Brightness of each class, 0 to 255, by which a net can tell them apart. */
export const CLASSES = { dark: 40, grey: 128, 'so bright': 215 } as const;

/**
 * Writes grey noise of 28 x 28 px around the brightness of each class as PNG files. Their content depends on the seed
 * alone.
 */
export async function writeImages(folder: string, perClass: number, seed: number): Promise<void> {
  const random = new Random(seed);
  for (const [name, brightness] of Object.entries(CLASSES)) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < perClass; i++) {
      const pixels = Uint8Array.from({ length: 28 * 28 }, () => brightness + 80 * (random.uniform() - 0.5));
      await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } }).toFile(join(folder, name, `${i}.png`));
    }
  }
}

/** Writes a file with an image's name and no image in it. */
export const writeCorrupt = (folder: string): Promise<void> =>
  writeFile(join(folder, 'dark', 'broken.jpg'), 'no image');
