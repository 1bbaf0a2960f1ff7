/** Longest gaps between turns of a page's event loop while ResNet-18 classifies pictures. `measure.ts` opens it. */
import { inWorker } from '@cnnzoo/core/worker';

const IMAGES = 20;

function picture(width: number, height: number): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  for (let x = 0; x < width; x += 20) {
    context.fillStyle = `hsl(${x % 360} 70% 50%)`;
    context.fillRect(x, 0, 20, height);
  }
  return canvas;
}

/** Runs `work`, and returns the longest time, in ms, between two turns of the event loop, and that of the browser's own long tasks. */
async function longest(work: () => Promise<unknown>): Promise<{ gap: number; task: number; ms: number }> {
  let [gap, task] = [0, 0];
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) task = Math.max(task, duration);
  });
  observer.observe({ type: 'longtask' });
  const { port1, port2 } = new MessageChannel();
  const start = performance.now();
  let last = start;
  port1.onmessage = () => {
    const now = performance.now();
    gap = Math.max(gap, now - last);
    last = now;
    port2.postMessage(null);
  };
  port2.postMessage(null);
  await work();
  const ms = performance.now() - start;
  // Long tasks are reported a while after their end.
  await new Promise((resolve) => setTimeout(resolve, 500));
  port1.close();
  observer.disconnect();
  return { gap, task, ms };
}

async function measure(place: 'here' | 'worker', width: number, height: number) {
  const net =
    place === 'here'
      ? await (await import('./net.js')).makeNet()
      : await inWorker(() => new Worker(new URL('./net.worker.ts', import.meta.url), { type: 'module' }));
  const image = picture(width, height);
  await net.classify(image);
  const found = await longest(async () => {
    for (let i = 0; i < IMAGES; i++) await net.classify(image);
  });
  net.dispose();
  return found;
}

Object.assign(globalThis, { measure });
