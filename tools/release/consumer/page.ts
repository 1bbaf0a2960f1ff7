// A web page that classifies the digit as PNG, JPEG and WebP, and writes its result into the document.
import { lenet5_relu } from '@cnnzoo/lenet';
import { getBackend } from '@tensorflow/tfjs-core';

async function answer(): Promise<unknown> {
  const net = await lenet5_relu.pretrained();
  const labels: Record<string, string | undefined> = {};
  for (const file of ['seven.png', 'seven.jpg', 'seven.webp']) labels[file] = (await net.classify(file))[0]?.label;
  const blob = await (await fetch('seven.png')).blob();
  labels.blob = (await net.classify(blob))[0]?.label;
  net.dispose();
  return { backend: getBackend(), isolated: crossOriginIsolated, labels };
}

const show = (value: unknown): void => {
  const output = document.querySelector('output')!;
  output.textContent = JSON.stringify(value);
  output.dataset.done = '';
};

answer().then(show, (error: unknown) => show({ error: String(error) }));
