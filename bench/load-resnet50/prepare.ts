/**
 * Writes the files that need no Python into the folder argv[2]: ResNet-50 of stock layers in the format of
 * TensorFlow.js' converter (tfjs/model.json and shards of 4 MB), and our own as safetensors, with the first digits of
 * its hash in its name. Prints the path of the latter.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { saveStateDict, useBackend } from '@cnnzoo/core';
import { resnet50 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import * as tfjsLayers from '@tensorflow/tfjs-layers';
import { RESNET_50, stockResNet } from '../harness/stock-resnet.js';

const SHARD = 4 * 2 ** 20;
const folder = process.argv[2]!;

await useBackend('wasm');
const stock = stockResNet(tfjsLayers, { ...RESNET_50, initial: 'ones' });
const ours = resnet50({ seed: 0 });
if (stock.countParams() !== ours.countParams())
  throw new Error(`the nets differ: ${stock.countParams()} values in the stock one, ${ours.countParams()} in ours`);

// Random values, for which no reader has a shortcut.
stock.setWeights(stock.weights.map(({ shape }, i) => tf.randomUniform(shape as number[], 0.5, 1, 'float32', i)));
await mkdir(join(folder, 'tfjs'));
await stock.save(
  tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
    const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
    const count = Math.ceil(bytes.length / SHARD);
    const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
    for (const [i, path] of paths.entries())
      await writeFile(join(folder, 'tfjs', path), bytes.subarray(i * SHARD, (i + 1) * SHARD));
    const manifest = { modelTopology, weightsManifest: [{ paths, weights: weightSpecs }] };
    await writeFile(join(folder, 'tfjs', 'model.json'), JSON.stringify(manifest));
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  }),
);

const temporary = join(folder, 'resnet50.safetensors');
await saveStateDict(ours, temporary);
const digits = createHash('sha256')
  .update(await readFile(temporary))
  .digest('hex')
  .slice(0, 8);
const path = join(folder, `resnet50-${digits}.safetensors`);
await rename(temporary, path);
console.log(path);
