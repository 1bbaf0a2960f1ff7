import type { Augment, Pixels } from './dataset.js';

/** Pads by `padding` pixels of 0 on each side and crops at a random place: torchvision's RandomCrop(size, padding). */
export const padAndCrop =
  (padding: number): Augment =>
  <T extends Pixels>(
    image: T,
    [height, width, channels]: readonly [number, number, number],
    random: { integer(n: number): number },
  ) => {
    const down = random.integer(2 * padding + 1) - padding;
    const right = random.integer(2 * padding + 1) - padding;
    const shifted = image.slice().fill(0) as T;
    const from = Math.max(0, right);
    const to = Math.min(width, width + right);
    for (let row = Math.max(0, down); row < Math.min(height, height + down); row++) {
      const target = (row - down) * width + from - right;
      shifted.set(image.subarray((row * width + from) * channels, (row * width + to) * channels), target * channels);
    }
    return shifted;
  };
