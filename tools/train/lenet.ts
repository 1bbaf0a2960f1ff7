/**
 * Trains the LeNets that @cnnzoo/lenet ships on the 60,000 MNIST digits, and measures them on the 10,000 test digits:
 *
 *   pnpm exec tsx tools/train/lenet.ts --model lenet5_relu [--epochs 15] [--seed 1] [--out FILE]
 *
 * The same model, epochs and seed give the same file, byte for byte. The test digits are only read after the training,
 * so they choose nothing.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CnnzooError, Random, saveStateDict, useBackend } from '@cnnzoo/core';
import { mnist, padAndCrop } from '@cnnzoo/core/data';
import { cosine, evaluate, type SgdOptions, sgd, train } from '@cnnzoo/core/train';
import { models } from '@cnnzoo/lenet';
import { mnistDirectory } from './mnist.js';

/** Sigmoids pass on little of a gradient, so they need large steps. */
const RECIPES: Readonly<Record<keyof typeof models, SgdOptions>> = {
  lenet5: { lr: cosine(0.2), momentum: 0.9 },
  lenet5_relu: { lr: cosine(0.05), momentum: 0.9, weightDecay: 5e-4 },
};
const BATCH_SIZE = 128;

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    epochs: { type: 'string', default: '15' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
const name = values.model as keyof typeof models;
if (!Object.hasOwn(models, name))
  throw new CnnzooError('INPUT', `--model: expected one of ${Object.keys(models).join(', ')}, received ${name}.`);
const [epochs, seed] = [Number(values.epochs), Number(values.seed)];
const out = values.out ?? fileURLToPath(new URL(`../../packages/lenet/weights/${name}.safetensors`, import.meta.url));

await useBackend('wasm');
const [digits, tests] = await Promise.all([
  mnist(mnistDirectory(), { split: 'train' }),
  mnist(mnistDirectory(), { split: 'test' }),
]);

const net = models[name]({ seed });
const started = performance.now();
const minutes = () => `${((performance.now() - started) / 60_000).toFixed(1)} min`;
let [loss, accuracy, count] = [0, 0, 0];
const run = train(net, digits, {
  optimizer: sgd(RECIPES[name]),
  epochs,
  batchSize: BATCH_SIZE,
  augment: padAndCrop(2),
  random: new Random(seed),
});
for await (const step of run) {
  loss += step.loss;
  accuracy += step.accuracy;
  count += 1;
  if ((step.step + 1) % (step.steps / epochs) !== 0) continue;
  const means = `loss ${(loss / count).toFixed(4)}  accuracy ${((100 * accuracy) / count).toFixed(2)} %`;
  console.log(`epoch ${step.epoch + 1}/${epochs}  ${means} on shifted training digits  ${minutes()}`);
  [loss, accuracy, count] = [0, 0, 0];
}

const { top1 } = await evaluate(net, tests);
await mkdir(dirname(out), { recursive: true });
await saveStateDict(net, out, { metadata: { 'cnnzoo.model': name, 'cnnzoo.weights': 'MNIST_V1' } });
const file = await readFile(out);
const sha256 = createHash('sha256').update(file).digest('hex');
console.log(`${out}\ntest top-1 ${(100 * top1).toFixed(2)} %\nsha256 ${sha256}\n${file.length} bytes  ${minutes()}`);
