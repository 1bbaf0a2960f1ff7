import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { bench } from '../harness/process.js';

/**
 * Writes an image folder of `count` JPEGs of 500 x 375 pixels, about the size of ImageNet's, from this repository's
 * photographs.
 */
export async function photoFolder(directory: string, count: number): Promise<void> {
  const source = join(bench, '../examples/photos');
  const photos = (await readdir(source)).filter((name) => /\.(png|jpg)$/.test(name)).sort();
  for (let i = 0; i < count; i++) {
    const path = join(directory, `class-${i % 2}`);
    await mkdir(path, { recursive: true });
    await sharp(join(source, photos[i % photos.length]!))
      .flatten()
      .resize(500, 375, { fit: 'cover' })
      .jpeg({ quality: 90 })
      .toFile(join(path, `${i}.jpg`));
  }
}
