/** Runs one image of 224 px through the ONNX file argv[2], by onnxruntime-node or onnxruntime-web, argv[3], alone. */
import { reportLeast } from '../harness/report.js';

const [, , path, engine] = process.argv;
const { InferenceSession, Tensor } = (await import(engine!)) as typeof import('onnxruntime-web');
const session = await InferenceSession.create(path!, { graphOptimizationLevel: 'all' });
const values = Float32Array.from({ length: 3 * 224 * 224 }, () => Math.random() * 4 - 2);
await reportLeast(20, async () => {
  const image = new Tensor('float32', values, [1, 3, 224, 224]);
  const outputs = await session.run({ [session.inputNames[0]!]: image });
  if (outputs[session.outputNames[0]!]!.data.length !== 1000) throw new Error('expected 1000 logits');
});
process.exit(0);
