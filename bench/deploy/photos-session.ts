/** Classifies the JPEGs of the folder argv[3] by a session of the saved net argv[2] on onnxruntime-node. */
import { useBackend } from '@cnnzoo/core';
import { createSession } from '@cnnzoo/deploy';
import { measurePhotos } from './photos.js';

const [, , folder, photos] = process.argv;
await useBackend('wasm');
const session = await createSession(folder!, { engine: 'onnxruntime-node' });
await measurePhotos(photos!, async (paths, batchSize) => {
  let count = 0;
  const stream = async function* () {
    yield* paths;
  };
  for await (const answer of session.classify(stream(), { batchSize, topK: 5 })) if (!('error' in answer)) count++;
  return count;
});
