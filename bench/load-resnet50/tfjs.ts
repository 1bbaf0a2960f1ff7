/**
 * Runs `tf.loadLayersModel` on the folder argv[2]. tfjs' own file handler needs tfjs-node, so a handler here reads the
 * files and passes the shards one by one, as tfjs' http handler does. argv[3] is 'hash' or 'trust'.
 */
import '@tensorflow/tfjs-backend-wasm';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { report } from '../harness/report.js';

const [, , folder, hashing] = process.argv as [string, string, string, string];

const handler: tf.io.IOHandler = {
  load: async () => {
    const { modelTopology, weightsManifest } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as {
      modelTopology: object;
      weightsManifest: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[];
    };
    const shards = await Promise.all(
      weightsManifest.flatMap(({ paths }) => paths).map((path) => readFile(join(folder, path))),
    );
    if (hashing === 'hash') {
      const hash = createHash('sha256');
      for (const shard of shards) hash.update(shard);
      hash.digest('hex');
    }
    return {
      modelTopology,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
      weightData: shards.map(({ buffer, byteOffset, byteLength }) =>
        byteOffset === 0 && byteLength === buffer.byteLength
          ? buffer
          : buffer.slice(byteOffset, byteOffset + byteLength),
      ) as ArrayBuffer[],
    };
  },
};

await tf.setBackend('wasm');
await tf.ready();
await report(() => loadLayersModel(handler));
