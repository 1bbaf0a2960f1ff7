/**
 * Measures nets with their weights stored as float32, float16 and int8, on whole test sets:
 *
 *   pnpm exec tsx tools/train/dtypes.ts FOLDER [CHECKPOINT ...]
 *
 * FOLDER holds CIFAR-10 as images: `test`, with a folder for every class. Measured are the nets whose weights are in the
 * packages, and the checkpoints of resnet20, resnet32, … that are named by path (akamaster/pytorch_resnet_cifar10). Agreement is
 * the part of the test images whose class is that of the float32 weights.
 */
import { basename, join } from 'node:path';
import {
  type Classifier,
  encodeSafetensors,
  loadStateDict,
  type Preprocessing,
  stateDict,
  useBackend,
} from '@cnnzoo/core';
import { type Dataset, imageFolder, mnist } from '@cnnzoo/core/data';
import { createSession, type Session } from '@cnnzoo/deploy';
import { lenet5, lenet5_relu } from '@cnnzoo/lenet';
import { nin_cifar } from '@cnnzoo/nin';
import { models, resnet20 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { mnistDirectory } from './mnist.js';

const DTYPES = ['float32', 'float16', 'int8'] as const;

interface Measured {
  readonly name: string;
  /** Builds the net with its weights. */
  pretrained(): Promise<Classifier>;
  readonly tests: Dataset;
}

interface Classes {
  readonly right: number[];
  /** Classes by each of the nets. */
  readonly given: number[][];
}

/** Computes the classes of a data set's images. */
async function classesOf(nets: readonly Session[], tests: Dataset, preprocessing: Preprocessing): Promise<Classes> {
  const right: number[] = [];
  const given: number[][] = nets.map(() => []);
  for await (const { x, y } of tests.batches({ batchSize: 250, preprocessing })) {
    right.push(...(await y.data()));
    const pixels = await x.data<'float32'>();
    for (const [i, net] of nets.entries()) {
      const logits = await net.run(pixels, x.shape as [number, number, number, number]);
      const classes = logits.length / x.shape[0]!;
      for (let at = 0; at < logits.length; at += classes) {
        const row = logits.subarray(at, at + classes);
        given[i]!.push(row.indexOf(Math.max(...row)));
      }
    }
    tf.dispose([x, y]);
  }
  return { right, given };
}

const share = (a: readonly number[], b: readonly number[]): string =>
  `${((100 * a.filter((value, i) => value === b[i]).length) / b.length).toFixed(2)} %`;

async function measure({ name, pretrained, tests }: Measured): Promise<void> {
  const net = await pretrained();
  const { preprocessing, categories } = net;
  if (categories!.join() !== tests.categories!.join())
    throw new Error(`expected images of ${categories}, received ${tests.categories}`);
  const state = await stateDict(net);
  const nets: Session[] = [];
  const bytes: number[] = [];
  for (const dtype of DTYPES) {
    const file = Buffer.concat([...encodeSafetensors(state, {}, dtype === 'float32' ? {} : { dtype })]);
    await loadStateDict(net, file);
    nets.push(await createSession(net));
    bytes.push(file.length);
  }
  net.dispose();
  const { right, given } = await classesOf(nets, tests, preprocessing);
  for (const [i, dtype] of DTYPES.entries())
    console.log(
      `| ${name} | ${dtype} | ${bytes[i]!.toLocaleString('en')} | ${share(given[i]!, right)} | ${share(given[i]!, given[0]!)} |`,
    );
  for (const each of nets) await each.dispose();
}

const [folder, ...checkpoints] = process.argv.slice(2);
if (folder === undefined) throw new Error('expected a folder of CIFAR-10 as images');
await useBackend();
const digits = await mnist(mnistDirectory(), { split: 'test' });
const { train: images } = await imageFolder(join(folder, 'test'));

console.log('| net | dtype | bytes | top-1 | agreement |\n|---|---|---|---|---|');
const shipped = { lenet5: digits, lenet5_relu: digits, nin_cifar: images, resnet20: images };
for (const net of [lenet5, lenet5_relu, nin_cifar, resnet20])
  await measure({
    name: net.name,
    pretrained: () => net.pretrained(),
    tests: shipped[net.name as keyof typeof shipped],
  });
for (const path of checkpoints) {
  const file = basename(path);
  const net = models[file.split('-')[0] as keyof typeof models];
  if (!net)
    throw new Error(`expected one of ${Object.keys(models).join(', ')} at the start of the name, received ${file}`);
  await measure({ name: file, pretrained: () => net.pretrained({ weights: path }), tests: images });
}
