// Types that only a page has. Never run.
import type { Classifier, Prediction } from '@cnnzoo/core';

export async function pixels(net: Classifier, canvas: HTMLCanvasElement, data: ImageData): Promise<Prediction[][]> {
  await net.classify(new OffscreenCanvas(1, 1), { signal: AbortSignal.timeout(1000) });
  await net.classify(new URL('https://example.org/a.jpg'));
  await net.classify(await createImageBitmap(data));
  await net.classify(document.createElement('video'));
  // @ts-expect-error: an element without pixels.
  await net.classify(document.createElement('div'));
  return net.classify([canvas, data, new Image(), new Blob()]);
}
