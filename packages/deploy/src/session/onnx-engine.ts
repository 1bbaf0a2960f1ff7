import type { InferenceGraph } from '../graph/index.js';
import { type OnnxDtype, type OnnxFile, onnxFile } from '../onnx/index.js';
import type { BatchShape, Engine, EngineName } from './engine.js';
import type { OnnxRuntime, OnnxSession } from './runtimes.js';

/** Makes a whole file of its pieces. */
async function joined({ size, chunks }: OnnxFile): Promise<Uint8Array> {
  const file = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of chunks()) {
    file.set(chunk, filled);
    filled += chunk.length;
  }
  return file;
}

/** Returns images with their channels first. */
function channelsFirst(images: Float32Array, [n, h, w, c]: BatchShape): Float32Array {
  if (c === 1) return images.slice();
  const pixels = h * w;
  const turned = new Float32Array(images.length);
  for (let image = 0; image < n; image++)
    for (let channel = 0; channel < c; channel++) {
      const to = (image * c + channel) * pixels;
      let from = image * pixels * c + channel;
      for (let pixel = 0; pixel < pixels; pixel++, from += c) turned[to + pixel] = images[from]!;
    }
  return turned;
}

/** A net in onnxruntime, with its weights of the moment when it was made. */
export class OnnxEngine implements Engine {
  private constructor(
    readonly name: EngineName,
    private readonly runtime: OnnxRuntime,
    private readonly session: OnnxSession,
  ) {}

  static async create(
    name: EngineName,
    runtime: OnnxRuntime,
    graph: InferenceGraph,
    options: { readonly dtype: OnnxDtype; readonly threads: number | undefined; readonly providers: readonly string[] },
  ): Promise<OnnxEngine> {
    const { dtype, threads, providers } = options;
    const file = await joined(onnxFile(graph, { dtype, opset: 18, preprocessing: false }));
    if (name === 'onnxruntime-web' && threads !== undefined) runtime.env.wasm.numThreads = threads;
    const session = await runtime.InferenceSession.create(file, {
      executionProviders: [...providers],
      graphOptimizationLevel: 'all',
      ...(threads !== undefined && { intraOpNumThreads: threads }),
      // Errors alone: warnings are about the file, which is ours.
      logSeverityLevel: 3,
    });
    return new OnnxEngine(name, runtime, session);
  }

  async run(batch: Float32Array, shape: BatchShape): Promise<Float32Array[]> {
    const [n, h, w, c] = shape;
    const { session, runtime } = this;
    const images = new runtime.Tensor('float32', channelsFirst(batch, shape), [n, c, h, w]);
    const outputs = await session.run({ [session.inputNames[0]!]: images });
    return session.outputNames.map((name) => outputs[name]!.data);
  }

  dispose(): Promise<void> {
    return this.session.release();
  }
}
