import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lacking, TFJS_NODE_ENV, tfjsNodeFolder } from '../harness/peers.js';
import { nodeScript } from '../harness/process.js';
import { type Peer, type Ratio, type Suite, timeRatio } from '../harness/suite.js';
import { photoFolder } from './photos.js';

const STEP = 'ResNet-18, a step on 8';
const BARE = `train: ${STEP}`;
const FIT = `fit with everything on: ${STEP}`;
const NATIVE_FIT = `fit on tfjs-node: ${STEP}`;
const NATIVE = `tf.layers on tfjs-node: ${STEP}`;
const PROBE = 'fit: linear probe';
const USUAL = 'predict in every epoch: linear probe';

/** Measures the overhead of `fit` over bare steps, and the savings of frozen features. See README.md. */
export async function fitSuite(): Promise<Suite> {
  const folder = await mkdtemp(join(tmpdir(), 'cnnzoo-bench-'));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const images = join(folder, 'images');
    await photoFolder(images, 96);
    const step = await nodeScript('fit/step.ts', [images, join(folder, 'log.jsonl')]);
    const peers: Peer[] = [
      { name: BARE, command: await nodeScript('kernels/train-step.ts') },
      { name: FIT, command: step },
      { name: PROBE, command: await nodeScript('fit/probe.ts', ['fit']) },
      { name: USUAL, command: await nodeScript('fit/probe.ts', ['predict']) },
    ];
    const ratios: Ratio[] = [timeRatio(FIT, BARE, 1.1), timeRatio(PROBE, USUAL, 1 / 8)];
    const skipped: string[] = [];
    const native = tfjsNodeFolder();
    if (native instanceof Lacking) skipped.push(`tfjs-node: ${native.message}`);
    else {
      const env = { ...TFJS_NODE_ENV, NODE_PATH: join(native, 'node_modules') };
      const on = { ...step, args: [...step.args, 'tfjs-node'], env };
      peers.push(
        { name: NATIVE_FIT, command: on },
        { name: NATIVE, command: { ...(await nodeScript('kernels/train-tfjs-node.ts', [native])), env } },
      );
      ratios.push(timeRatio(NATIVE_FIT, NATIVE, 0.8));
    }
    return {
      title: 'fit',
      notes: [
        'Steps: 8 images of 224 px, all cores, the least of 8 after warming up. fit reads JPEGs of 500 x 375 pixels, crops and',
        'flips them in worker threads, averages weights, smooths labels and writes a log.',
        'Linear probe: a frozen ResNet-18, 1,000 images of 96 px, 10 epochs, from the first step to the last.',
      ],
      peers,
      ratios,
      skipped,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
