/** Runs one image of 224 px through the ONNX model argv[2], with onnxruntime-web's wasm backend on argv[3] threads. */
import { env, InferenceSession, Tensor } from 'onnxruntime-web';
import { reportLeast } from '../harness/report.js';

const [, , path, threads] = process.argv;
env.wasm.numThreads = Number(threads);
const session = await InferenceSession.create(path!, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
const values = Float32Array.from({ length: 3 * 224 * 224 }, () => Math.random() * 4 - 2);
const image = new Tensor('float32', values, [1, 3, 224, 224]);
await reportLeast(15, async () => {
  const { logits } = await session.run({ image });
  if (logits?.data.length !== 1000) throw new Error('expected 1000 logits');
});
process.exit(0);
