/** Runs one image of 224 px through a session of the model argv[2] on the engine argv[3], with seeded random weights. */
import { useBackend } from '@cnnzoo/core';
import { createSession, type EngineName } from '@cnnzoo/deploy';
import { getModel } from 'cnnzoo';
import { reportLeast } from '../harness/report.js';

const [, , name, engine] = process.argv;
await useBackend('wasm');
const net = getModel(name!)({ seed: 0 });
const session = await createSession(net, { engine: engine as EngineName });
net.dispose();
const image = Float32Array.from({ length: 224 * 224 * 3 }, () => Math.random() * 4 - 2);
await reportLeast(20, async () => {
  const logits = await session.run(image, [1, 224, 224, 3]);
  if (logits.length !== 1000) throw new Error('expected 1000 logits');
});
process.exit(0);
