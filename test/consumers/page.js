// A page that has stock packages alone.
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { env, InferenceSession, Tensor } from 'onnxruntime-web';

setWasmPaths('/tfjs/');
env.wasm.wasmPaths = '/onnxruntime/';
env.wasm.numThreads = 1;
env.logLevel = 'error';

const valuesOf = async (name) => new Float32Array(await (await fetch(name)).arrayBuffer());

const page = {
  /** Returns the logits of a GraphModel, of every batch. null if the browser lacks the backend. */
  async graphModel(backend, { graph, batches }) {
    if (backend === 'webgpu' && !(await navigator.gpu?.requestAdapter())) return null;
    if (!(await tf.setBackend(backend))) throw new Error(`${backend} does not start`);
    const net = await loadGraphModel(`/${graph}/model.json`);
    const answers = [];
    for (const { shape, images } of batches) {
      const batch = tf.tensor(await valuesOf(images), shape);
      const outputs = [net.predict(batch)].flat();
      answers.push([...(await outputs[0].data())]);
      tf.dispose([batch, outputs]);
    }
    net.dispose();
    return answers;
  },
  async onnx({ onnx, batches }) {
    const session = await InferenceSession.create(`/${onnx}`, { executionProviders: ['wasm'] });
    const answers = [];
    for (const {
      shape: [n, h, w, c],
      channelsFirst,
    } of batches) {
      const images = new Tensor('float32', await valuesOf(channelsFirst), [n, c, h, w]);
      answers.push([...(await session.run({ images })).logits.data]);
    }
    await session.release();
    return answers;
  },
};
globalThis.page = page;
