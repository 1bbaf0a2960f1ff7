// A second opinion on graphs: onnxruntime computes them, with the values between the nodes as outputs.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type GraphValue, isQuantized } from '../src/graph/index.js';
import { onnxFile } from '../src/onnx/index.js';
import type { MakeEngine, ObservedEngine } from '../src/quantize/engine.js';
import { channelsFirst } from './onnx-runtime.js';

/** Returns maps [n, c, h, w] as [n, h, w, c]; other values as they are. */
function channelsLast(values: Float32Array, shape: readonly number[]): Float32Array {
  if (shape.length !== 4) return values;
  const [n, c, h, w] = shape as [number, number, number, number];
  const last = new Float32Array(values.length);
  const pixels = h * w;
  for (let image = 0; image < n; image++)
    for (let channel = 0; channel < c; channel++)
      for (let pixel = 0; pixel < pixels; pixel++)
        last[(image * pixels + pixel) * c + channel] = values[(image * c + channel) * pixels + pixel]!;
  return last;
}

export const onnxEngine: MakeEngine = async (graph, observe): Promise<ObservedEngine> => {
  const between = observe
    ? graph.nodes.map(({ output }) => output).filter((value) => !graph.outputs.includes(value))
    : [];
  const outputs: GraphValue[] = [...graph.outputs, ...between];
  const file = onnxFile(
    { ...graph, outputs },
    { dtype: isQuantized(graph) ? 'int8' : 'float32', opset: 18, preprocessing: false },
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.chunks()) chunks.push(chunk);
  const session = await InferenceSession.create(Buffer.concat(chunks), {
    logSeverityLevel: 3,
    intraOpNumThreads: 2,
  });
  return {
    async run(batch, shape, called) {
      const [n, h, w, c] = shape;
      const results = await session.run({
        [session.inputNames[0]!]: new Tensor('float32', channelsFirst(batch, shape), [n, c, h, w]),
      });
      const tensors = session.outputNames.map((name) => results[name]!);
      if (called)
        for (const [i, value] of outputs.entries())
          called(value, channelsLast(tensors[i]!.data as Float32Array, tensors[i]!.dims));
      return graph.outputs.map((_, i) => tensors[i]!.data as Float32Array);
    },
    dispose: () => session.release(),
  };
};
