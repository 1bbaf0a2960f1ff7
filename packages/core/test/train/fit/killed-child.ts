/** Run by killed.test.ts: FOLDER EPOCHS. Trains a small net, goes on from its checkpoint, and prints the history. */
import { type Random, useBackend } from '../../../src/index.js';
import { adamW, fit, mixup, oneCycle } from '../../../src/train.js';
import { noise, smallNet, weightValues } from '../nets.js';

const [folder, epochs] = process.argv.slice(2);
await useBackend('cpu');
const net = smallNet({ rate: 0.3 });
const { epochs: records } = await fit(net, await noise(60, 1), {
  optimizer: adamW({ lr: oneCycle(0.01) }),
  epochs: Number(epochs),
  batchSize: 4,
  validation: await noise(10, 2),
  augment: (image, random: Random) => ({ ...image, data: image.data.map((v) => v + 0.1 * random.uniform()) }),
  mix: mixup(0.2),
  ema: { decay: 0.9 },
  earlyStopping: { patience: 100 },
  seed: 1,
  checkpoint: { directory: `${folder}/run`, everySteps: 1 },
  resume: true,
  log: `${folder}/log.jsonl`,
  stepLosses: true,
  onStep: () => process.stdout.write('.'),
});
const history = records.map(({ imagesPerSecond: _, ...record }) => record);
process.stdout.write(`\n${JSON.stringify({ history, weights: await weightValues(net) })}`);
