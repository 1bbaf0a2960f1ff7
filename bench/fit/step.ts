/**
 * Runs steps of `fit` on ResNet-18 with all options on: step.ts FOLDER LOG [tfjs-node]. A step has 8 images of 224 px
 * that workers decode and augment, averaged weights, smoothed labels and a log. A third argument selects the tfjs-node
 * that NODE_PATH leads to.
 */
import { Classifier, useBackend } from '@cnnzoo/core';
import { imageFolder } from '@cnnzoo/core/data';
import { crossEntropy, fit, sgd } from '@cnnzoo/core/train';
import { resnet18 } from '@cnnzoo/resnet';
import { reportTimes } from '../harness/report.js';

/** Numbers of warm-up steps and of measured steps. */
const [WARM, RUNS] = [3, 8];

const [folder, log, backend = 'wasm'] = process.argv.slice(2);
await useBackend(backend as 'wasm');
const { train, categories } = await imageFolder(folder!);
const { preprocessing } = resnet18.weights.IMAGENET1K_V1;
const model = resnet18({ seed: 0, numClasses: categories.length });
const net = new Classifier({ model, preprocessing, categories });
const steps: { ms: number; cpu: number }[] = [];
let mark = performance.now();
let used = process.cpuUsage();
await fit(net, train, {
  optimizer: sgd({ lr: 0.01, momentum: 0.9 }),
  epochs: Math.ceil((WARM + RUNS) / Math.floor(train.size / 8)),
  batchSize: 8,
  loss: crossEntropy({ labelSmoothing: 0.1 }),
  ema: { decay: 0.999 },
  log: log!,
  onStep: () => {
    const { user, system } = process.cpuUsage(used);
    steps.push({ ms: performance.now() - mark, cpu: (user + system) / 1000 });
    mark = performance.now();
    used = process.cpuUsage();
  },
});
reportTimes(steps.slice(WARM).sort((a, b) => a.ms - b.ms)[0]!);
process.exit(0);
