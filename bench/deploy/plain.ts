/**
 * Runs the ONNX file argv[2] by onnxruntime-node or onnxruntime-web, argv[3], alone, with argv[4] threads. Without the number they choose:
 * onnxruntime-web takes one on two cores.
 */
import { measureInference, values } from './measure.js';

const [, , path, engine, threads] = process.argv;
const { env, InferenceSession, Tensor } = (await import(engine!)) as typeof import('onnxruntime-web');
if (threads !== undefined && engine === 'onnxruntime-web') env.wasm.numThreads = Number(threads);
await measureInference(async () => {
  const session = await InferenceSession.create(path!, {
    graphOptimizationLevel: 'all',
    ...(threads !== undefined && { intraOpNumThreads: Number(threads) }),
  });
  return async (images) => {
    const batch = new Tensor('float32', values.slice(0, images * 3 * 224 * 224), [images, 3, 224, 224]);
    const outputs = await session.run({ [session.inputNames[0]!]: batch });
    return outputs[session.outputNames[0]!]!.data.length;
  };
});
