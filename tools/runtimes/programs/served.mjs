// Labels from nets in workers of their own.
import { inWorker } from '@cnnzoo/core/worker';

/** Returns the label that each worker's net gives an image, or the error of the first that fails. */
export async function labelsFrom(starts, image) {
  try {
    const labels = [];
    for (const start of starts) {
      const net = await inWorker(start);
      const [best] = await net.classify(image);
      labels.push(best.label);
      net.dispose();
    }
    return labels;
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  }
}
