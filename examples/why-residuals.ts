/**
 * Why residuals: trains nets of 20 and 56 layers, with and without shortcuts, on the same slice of CIFAR-10 (He et al.,
 * https://arxiv.org/abs/1512.03385, figure 6). The deeper plain net can represent everything that the shallower one
 * can, yet it hardly learns; with shortcuts it does. Writes the training curves as one chart.
 *
 *   pnpm exec tsx examples/why-residuals.ts FOLDER [--images 2000] [--epochs 12] [--out why-residuals.svg]
 *
 * FOLDER holds the images: `train/CLASS/…` and `test/CLASS/…`.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import {
  batchNorm,
  defineModel,
  defineWeights,
  globalAvgPool,
  type Layer,
  linear,
  Random,
  relu,
  sameConv,
  seq,
  useBackend,
} from '@cnnzoo/core';
import { CIFAR10, type Dataset, fromTensors, horizontalFlip, imageFolder } from '@cnnzoo/core/data';
import { cosine, fit, sgd } from '@cnnzoo/core/train';
import { lineChart, svgFile } from '@cnnzoo/report';
import { basicBlock } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { progressBar } from 'cnnzoo';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: { type: 'string', default: '2000' },
    epochs: { type: 'string', default: '12' },
    out: { type: 'string', default: 'why-residuals.svg' },
  },
});
const [folder] = positionals;
if (!folder) throw new Error('Expected an image folder with train/CLASS/… and test/CLASS/….');

/** Returns the two convolutions of a basic block, without its shortcut. */
const plainBlock = (channels: number, { stride = 1 } = {}): Layer =>
  seq([
    sameConv(channels, 3, { stride, bias: false }),
    batchNorm(),
    relu,
    sameConv(channels, 3, { bias: false }),
    batchNorm(),
    relu,
  ]);

/** Builds a net of 6 n + 2 layers: three stages of n blocks. */
function net(name: string, block: typeof plainBlock, n: number) {
  const stage = (i: number): Layer =>
    seq(Array.from({ length: n }, (_, j) => block(16 * 2 ** i, { stride: i > 0 && j === 0 ? 2 : 1 })));
  return defineModel({
    name,
    head: 'fc',
    inputShape: [32, 32, 3],
    numClasses: 10,
    weights: defineWeights({}),
    net: ({ numClasses }) =>
      seq({
        stem: seq([sameConv(16, 3, { bias: false }), batchNorm(), relu]),
        layer1: stage(0),
        layer2: stage(1),
        layer3: stage(2),
        pool: globalAvgPool,
        fc: linear(numClasses),
      }),
  });
}

const nets = [
  net('plain, 20 layers', plainBlock, 3),
  net('plain, 56 layers', plainBlock, 9),
  net('residual, 20 layers', basicBlock, 3),
  net('residual, 56 layers', basicBlock, 9),
];

const preprocessing = {
  resize: null,
  crop: [32, 32],
  channels: 3,
  mean: CIFAR10.mean,
  std: CIFAR10.std,
  interpolation: 'bilinear',
} as const;

/** Loads a random sample of a set into memory. */
async function slice(set: Dataset, count: number) {
  for await (const { x, y } of set.batches({ batchSize: count, shuffle: new Random(0), preprocessing })) {
    const data = await fromTensors(x, y as tf.Tensor1D, { categories: set.categories, normalized: true });
    tf.dispose([x, y]);
    return data;
  }
  throw new Error('The folder holds no images.');
}

await useBackend();
const images = await imageFolder(folder);
const training = await slice(images.train, Number(values.images));
const test = await slice(images.validation!, 1000);

const series = [];
for (const build of nets) {
  const model = build({ seed: 1 });
  const { epochs } = await fit(model, training, {
    optimizer: sgd({ lr: cosine(0.1), momentum: 0.9, weightDecay: 1e-4 }),
    epochs: Number(values.epochs),
    batchSize: 64,
    augment: horizontalFlip(),
    validation: test,
    seed: 1,
    onProgress: progressBar(),
  });
  model.dispose();
  const last = epochs.at(-1)!;
  console.log(
    `${build.name}: training loss ${last.loss.toFixed(3)}, test top-1 ${(100 * last.validation!.top1).toFixed(1)} %`,
  );
  series.push({ name: build.name, values: epochs.map(({ loss }) => loss) });
}
await writeFile(values.out, svgFile(lineChart({ title: 'training loss', x: 'epoch', series, size: [720, 400] })));
console.log(values.out);
