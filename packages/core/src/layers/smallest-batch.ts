// Loaded by every net: BatchNorm asks at each batch of a training.
let smallest = Number.POSITIVE_INFINITY;

/** Runs `work` knowing that a batch of this training will hold so few images. Synchronous. */
export function withSmallestBatch<T>(images: number, work: () => T): T {
  const outer = smallest;
  smallest = images;
  try {
    return work();
  } finally {
    smallest = outer;
  }
}

/** Number of images in the smallest batch of the training in progress; infinite outside of any. */
export const smallestBatch = (): number => smallest;
