import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';

/** Reads the files of a GraphModel as `fetch` would. */
const fromDisk = (path: string): tf.io.IOHandler => ({
  async load() {
    const { modelTopology, weightsManifest, ...rest } = JSON.parse(readFileSync(join(path, 'model.json'), 'utf8'));
    const [{ paths, weights }] = weightsManifest;
    const bytes = Buffer.concat(paths.map((name: string) => readFileSync(join(path, name))));
    const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    return { ...rest, modelTopology, weightSpecs: weights, weightData };
  },
});

type GraphModel = Awaited<ReturnType<typeof loadGraphModel>>;

/** Opens a GraphModel with nothing but TensorFlow.js. */
export const openGraphModel = (path: string): Promise<GraphModel> => loadGraphModel(fromDisk(path));

/** Runs float32 images [n, h, w, c] and returns the values of each output. */
export const runGraphModel = (
  graph: GraphModel,
  images: Float32Array,
  shape: readonly [number, number, number, number],
): Float32Array[] =>
  tf.tidy(() =>
    [graph.predict(tf.tensor4d(images, [...shape])) as tf.Tensor | tf.Tensor[]]
      .flat()
      .map((output) => output.dataSync() as Float32Array),
  );
