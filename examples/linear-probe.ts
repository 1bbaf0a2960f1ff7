/**
 * Transfer learning in its simplest form: a frozen backbone looks once at every image, and a linear classifier learns from
 * what it saw. 100 training and 50 test images a class of an image folder (`train/CLASS/…`, `test/CLASS/…`), 96 px.
 *
 * pnpm exec tsx examples/linear-probe.ts FOLDER vgg16-features.safetensors
 * pnpm exec tsx examples/linear-probe.ts FOLDER               (the same net with random weights, for comparison)
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildModel, Classifier, flatten, linear, Random, seq, useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { cosine, evaluate, sgd, train } from '@cnnzoo/core/train';
import { vgg16 } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';

const SIZE = 96;
const COUNTS = { train: 100, test: 50 } as const;

const [folder, features] = process.argv.slice(2);
if (!folder) throw new Error('Expected an image folder with train/CLASS/… and test/CLASS/….');
await useBackend();

async function openBackbone(): Promise<Classifier> {
  const { preprocessing } = vgg16.weights.IMAGENET1K_FEATURES;
  const inputShape = [SIZE, SIZE, 3] as const;
  const model = features
    ? (await vgg16.pretrained({ weights: 'IMAGENET1K_FEATURES', from: features, numClasses: 0, inputShape })).model
    : vgg16.backbone!({ numClasses: 0, inputShape, seed: 1 });
  const published = features ? preprocessing : vgg16.weights.IMAGENET1K_V1.preprocessing;
  return new Classifier({ model, categories: null, preprocessing: { ...published, resize: SIZE, crop: [SIZE, SIZE] } });
}

/** The first images of every class, in name order, as the backbone sees them. */
async function embedded(backbone: Classifier, split: 'train' | 'test') {
  const classes = readdirSync(join(folder!, split)).sort();
  const rows: Float32Array[] = [];
  const labels: number[] = [];
  for (const [label, name] of classes.entries()) {
    const directory = join(folder!, split, name);
    const files = readdirSync(directory).sort().slice(0, COUNTS[split]);
    rows.push(...(await backbone.embed(files.map((file) => join(directory, file)))));
    labels.push(...files.map(() => label));
    process.stderr.write(`\r${split}: ${label + 1} of ${classes.length} classes seen`);
  }
  process.stderr.write('\n');
  const width = rows[0]!.length;
  const values = tf.tensor2d(
    rows.flatMap((row) => [...row]),
    [rows.length, width],
  );
  return { values, labels: tf.tensor1d(labels, 'int32'), categories: classes };
}

const backbone = await openBackbone();
const [seen, unseen] = [await embedded(backbone, 'train'), await embedded(backbone, 'test')];
backbone.dispose();

// Features as one-pixel images, so that the linear layer trains as any net; each centred and scaled over the training set.
const { mean, variance } = tf.moments(seen.values, 0);
const dataset = ({ values, labels, categories }: typeof seen) => {
  const scaled = tf.div(tf.sub(values, mean), tf.add(tf.sqrt(variance), 1e-6));
  return fromTensors(tf.reshape(scaled, [labels.size, 1, 1, -1]) as tf.Tensor4D, labels, { categories });
};
const [training, test] = [await dataset(seen), await dataset(unseen)];

const probe = buildModel('probe', seq({ flatten, fc: linear(seen.categories.length) }), [1, 1, seen.values.shape[1]]);
const optimizer = sgd({ lr: cosine(0.02), momentum: 0.9, weightDecay: 1e-2 });
for await (const { step, steps, loss } of train(probe, training, {
  optimizer,
  batchSize: 100,
  epochs: 60,
  random: new Random(1),
}))
  if (step % 100 === 0 || step === steps - 1) console.log(`step ${step + 1} of ${steps}, loss ${loss.toFixed(3)}`);
const { top1, count } = await evaluate(probe, test);
console.log(`${features ? 'these features' : 'random weights'}: ${(100 * top1).toFixed(1)} % of ${count} test images`);
