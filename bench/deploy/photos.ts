import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { reportTimes, timed } from '../harness/report.js';

const PHOTOS = ['astronaut.png', 'chelsea.png', 'coffee.png', 'rocket.jpg'];

/** Returns pseudorandom numbers of [0, 1), the same for a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Writes JPEGs, crops of the example photographs with sides of 300 to 1,200 pixels. Returns their paths. */
export async function writePhotos(folder: string, count: number): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const next = random(0);
  const whole = (least: number, greatest: number) => least + Math.floor(next() * (greatest - least + 1));
  const paths: string[] = [];
  for (let i = 0; i < count; i++) {
    const photo = fileURLToPath(new URL(`../../examples/photos/${PHOTOS[i % PHOTOS.length]}`, import.meta.url));
    const { width, height } = await sharp(photo).metadata();
    const [columns, rows] = [whole(width >> 1, width), whole(height >> 1, height)];
    const crop = { left: whole(0, width - columns), top: whole(0, height - rows), width: columns, height: rows };
    const path = join(folder, `${String(i).padStart(4, '0')}.jpg`);
    const size = { width: whole(300, 1200), height: whole(300, 1200), fit: 'fill' } as const;
    await sharp(photo).extract(crop).resize(size).jpeg({ quality: 90 }).toFile(path);
    paths.push(path);
  }
  return paths;
}

/** Reports the time in which all JPEGs of a folder are classified, in batches of 16, after a batch for warming up. */
export async function measurePhotos(
  folder: string,
  classify: (paths: readonly string[], batchSize: number) => Promise<number>,
): Promise<void> {
  const paths = (await readdir(folder)).sort().map((name) => join(folder, name));
  await classify(paths.slice(0, 16), 16);
  let count = 0;
  const times = await timed(async () => {
    count = await classify(paths, 16);
  });
  if (count !== paths.length) throw new Error(`expected ${paths.length} answers, received ${count}`);
  reportTimes(times);
  process.exit(0);
}
