/**
 * A page that trains a ResNet. Build it with `npx vite build` and serve it with any web server. It computes on all
 * cores if the server isolates the page with the headers `Cross-Origin-Opener-Policy: same-origin` and
 * `Cross-Origin-Embedder-Policy: require-corp`.
 */
import { Random, useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { sgd, train } from '@cnnzoo/core/train';
import { resnet20 } from '@cnnzoo/resnet';
import { type Rank, randomUniform, range, type Tensor1D } from '@tensorflow/tfjs-core';

const IMAGES = 10;
const STEPS = 6;

const element = (id: string): HTMLElement => document.getElementById(id)!;

async function learn(): Promise<void> {
  await useBackend('wasm');
  // Shares the kernels that core has already started, imported as late as core does.
  const { accelerate } = await import('@cnnzoo/kernels');
  const { threads } = await accelerate();
  element('threads').textContent = `${threads}`;

  const images = randomUniform<Rank.R4>([IMAGES, 32, 32, 3], -2, 2, 'float32', 1);
  const data = await fromTensors(images, range(0, IMAGES, 1, 'int32') as Tensor1D, { normalized: true });
  const net = resnet20({ seed: 0 });
  const options = { batchSize: IMAGES, epochs: STEPS, random: new Random(0) };
  for await (const { loss } of train(net, data, { optimizer: sgd({ lr: 0.02, momentum: 0.9 }), ...options })) {
    const item = document.createElement('li');
    item.textContent = loss.toFixed(6);
    element('losses').append(item);
  }
}

learn().then(
  () => {
    document.body.dataset.done = '';
  },
  (error: unknown) => {
    document.body.dataset.done = String(error);
  },
);
