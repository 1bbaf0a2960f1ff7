/** Runs the ONNX file argv[2] by onnxruntime-node or onnxruntime-web, argv[3], alone. */
import { measureInference, values } from './measure.js';

const [, , path, engine] = process.argv;
const { InferenceSession, Tensor } = (await import(engine!)) as typeof import('onnxruntime-web');
await measureInference(async () => {
  const session = await InferenceSession.create(path!, { graphOptimizationLevel: 'all' });
  return async (images) => {
    const batch = new Tensor('float32', values.slice(0, images * 3 * 224 * 224), [images, 3, 224, 224]);
    const outputs = await session.run({ [session.inputNames[0]!]: batch });
    return outputs[session.outputNames[0]!]!.data.length;
  };
});
