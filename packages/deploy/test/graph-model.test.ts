import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStateDict, type ModelDefinition, stateDict, useBackend } from '@cnnzoo/core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputsOf, PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';
import { exportGraphModel } from '../src/index.js';
import { families } from './families.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-graph-model-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('wasm');
});

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

describe.each(families.filter(({ models }) => Object.keys(models).length > 0))(
  '$name',
  ({ models, sizes, anySize }) => {
    it.each(Object.entries(models))('%s answers in a GraphModel as the net does', async (name, any) => {
      const definition = any as unknown as ModelDefinition;
      const channels = definition.inputShape[2];
      let net: ReturnType<ModelDefinition> | undefined;
      let graph: Awaited<ReturnType<typeof loadGraphModel>> | undefined;
      for (const [height, width] of sizes) {
        if (!net || !anySize) {
          net?.dispose();
          graph?.dispose();
          net = definition({ inputShape: anySize ? [null, null, channels] : [height, width, channels] });
          await loadStateDict(net, syntheticCheckpoint(await stateDict(net)));
          const path = join(directory, `${name}-${height}-${width}`);
          await exportGraphModel(net, path);
          graph = await loadGraphModel(fromDisk(path));
          rmSync(path, { recursive: true });
        }
        const image = syntheticImage(height, width, channels);
        const expected = outputsOf(net, image, [height, width, channels]);
        const received = tf.tidy(() =>
          [graph!.predict(tf.tensor4d(image, [1, height, width, channels])) as tf.Tensor | tf.Tensor[]]
            .flat()
            .map((output) => output.dataSync() as Float32Array),
        );
        expect(received.length).toBe(expected.length);
        for (const [i, output] of expected.entries())
          expect(relativeError(received[i]!, output), `output ${i} at ${height} x ${width}`).toBeLessThanOrEqual(
            PARITY,
          );
      }
      net?.dispose();
      graph?.dispose();
    });
  },
);
