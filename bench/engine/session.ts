/** Runs the file of a graph argv[2] on the kernels, with argv[3] threads. */
import { createSession } from '@cnnzoo/deploy';
import { measureInference, values } from '../deploy/measure.js';

const [, , path, threads] = process.argv;
await measureInference(async () => {
  const session = await createSession(path!, { engine: 'kernels', threads: Number(threads) });
  return async (images) =>
    (await session.run(values.subarray(0, images * 224 * 224 * 3), [images, 224, 224, 3])).length;
});
