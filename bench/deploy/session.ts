/** Runs the saved net argv[2] as a session on the engine argv[3]. */
import { useBackend } from '@cnnzoo/core';
import { createSession, type EngineName } from '@cnnzoo/deploy';
import { measureInference, values } from './measure.js';

const [, , folder, engine] = process.argv;
await measureInference(async () => {
  await useBackend('wasm');
  const session = await createSession(folder!, { engine: engine as EngineName });
  return async (images) =>
    (await session.run(values.subarray(0, images * 224 * 224 * 3), [images, 224, 224, 3])).length;
});
