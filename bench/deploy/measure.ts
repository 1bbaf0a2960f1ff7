import { leastWithin, reportTimes, timed } from '../harness/report.js';

/** Computes the logits of a batch of images of 224 px. Returns how many there are. */
export type Compute = (images: number) => Promise<number>;

/** Reports the first answer (opening and one image), and the least time of one image and of eight. */
export async function measureInference(open: () => Promise<Compute>): Promise<void> {
  let compute: Compute | undefined;
  const checked = async (images: number) => {
    const count = await compute!(images);
    if (count !== images * 1000) throw new Error(`expected ${images * 1000} logits, received ${count}`);
  };
  const first = await timed(async () => {
    compute = await open();
    await checked(1);
  });
  const one = await leastWithin(2, () => checked(1));
  const eight = await leastWithin(3, () => checked(8));
  reportTimes({ ...one, figures: { first: first.ms, '8 images': eight.ms } });
  process.exit(0);
}

/** Pixels of up to eight images, normalised. */
export const values = Float32Array.from({ length: 8 * 224 * 224 * 3 }, (_, i) => Math.sin(i) * 2);
