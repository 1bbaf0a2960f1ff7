/**
 * Writes a JPEG of 4000 x 3000 pixels to argv[2], with smooth shapes and some grain, so that it compresses like a
 * photograph.
 */
import sharp from 'sharp';

const [width, height] = [4000, 3000];
const pixels = Buffer.alloc(width * height * 3);
let noise = 1;
for (let at = 0, y = 0; y < height; y++)
  for (let x = 0; x < width; x++)
    for (let channel = 0; channel < 3; channel++, at++) {
      noise = (Math.imul(noise, 1664525) + 1013904223) | 0;
      const shape = Math.sin(x / (40 + 30 * channel)) * Math.cos(y / (90 - 20 * channel));
      pixels[at] = 128 + 90 * shape + (noise >>> 28) - 8;
    }
await sharp(pixels, { raw: { width, height, channels: 3 } })
  .jpeg({ quality: 90 })
  .toFile(process.argv[2]!);
