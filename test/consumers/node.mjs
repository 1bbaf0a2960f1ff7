// A program that has stock packages alone: runs exported files and prints their logits as JSON, a line for each file and batch.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [program, address, place] = process.argv.slice(2);
const { cases } = JSON.parse(readFileSync(join(place, 'cases.json'), 'utf8'));
const valuesOf = (name) => new Float32Array(new Uint8Array(readFileSync(join(place, name))).buffer);

/** Returns a function from a path of a file and its batches to logits. */
const runners = {
  async 'onnxruntime-node'() {
    const { InferenceSession, Tensor } = await import('onnxruntime-node');
    return async ({ onnx, batches }) => {
      const session = await InferenceSession.create(join(place, onnx));
      const answers = [];
      for (const { shape, channelsFirst } of batches) {
        const [n, h, w, c] = shape;
        const images = new Tensor('float32', valuesOf(channelsFirst), [n, c, h, w]);
        const { logits } = await session.run({ images });
        answers.push([...logits.data]);
      }
      await session.release();
      return answers;
    };
  },
  async wasm() {
    const tf = await import('@tensorflow/tfjs-core');
    await import('@tensorflow/tfjs-backend-wasm');
    const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
    await tf.setBackend('wasm');
    return withGraphModel(tf, ({ graph }) => loadGraphModel(`${address}${graph}/model.json`));
  },
  async cpu() {
    const tf = await import('@tensorflow/tfjs-core');
    await import('@tensorflow/tfjs-backend-cpu');
    const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
    return withGraphModel(tf, ({ graph }) => loadGraphModel(`${address}${graph}/model.json`));
  },
  async 'tfjs-node'() {
    const { default: tf } = await import('@tensorflow/tfjs-node');
    return withGraphModel(tf, ({ graph }) => tf.loadGraphModel(`file://${join(place, graph)}/model.json`));
  },
};

const withGraphModel = (tf, load) => async (each) => {
  const net = await load(each);
  const answers = each.batches.map(({ shape, images }) =>
    tf.tidy(() => [...[net.predict(tf.tensor(valuesOf(images), shape))].flat()[0].dataSync()]),
  );
  net.dispose();
  return answers;
};

const run = await runners[program]();
for (const each of cases) console.log(JSON.stringify({ name: each.name, answers: await run(each) }));
console.log(
  JSON.stringify({
    cnnzoo: await import('@cnnzoo/core').then(
      () => 'found',
      () => 'not found',
    ),
  }),
);
