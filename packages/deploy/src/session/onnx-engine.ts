import type { InferenceGraph } from '../graph/index.js';
import { type OnnxFile, onnxFile } from '../onnx/index.js';
import type { BatchShape, Engine, EngineName, SessionDtype } from './engine.js';
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

/** Writes images to `turned` with their channels first. */
function turnChannelsFirst(images: Float32Array, [n, h, w, c]: BatchShape, turned: Float32Array): void {
  if (c === 1) {
    turned.set(images);
    return;
  }
  const pixels = h * w;
  let from = 0;
  for (let image = 0; image < n; image++)
    for (let pixel = 0; pixel < pixels; pixel++) {
      let to = image * c * pixels + pixel;
      for (let channel = 0; channel < c; channel++, to += pixels) turned[to] = images[from++]!;
    }
}

/** A net in onnxruntime, with its weights of the moment when it was made. */
export class OnnxEngine implements Engine {
  /** Memory of the last batch, for the next one: new memory costs about as much as filling it. */
  private spare: Float32Array | undefined;

  private constructor(
    readonly name: EngineName,
    private readonly runtime: OnnxRuntime,
    private readonly session: OnnxSession,
  ) {}

  static async create(
    name: EngineName,
    runtime: OnnxRuntime,
    graph: InferenceGraph,
    options: {
      readonly dtype: SessionDtype;
      readonly threads: number | undefined;
      readonly providers: readonly string[];
    },
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
    const turned = this.spare?.length === batch.length ? this.spare : new Float32Array(batch.length);
    // Calls at the same time have memory of their own.
    this.spare = undefined;
    turnChannelsFirst(batch, shape, turned);
    const images = new runtime.Tensor('float32', turned, [n, c, h, w]);
    const outputs = await session.run({ [session.inputNames[0]!]: images });
    this.spare = turned;
    return session.outputNames.map((name) => outputs[name]!.data);
  }

  dispose(): Promise<void> {
    return this.session.release();
  }
}
