import type { InferenceGraph } from '../graph/index.js';
import type { Observe } from '../kernels/index.js';
import type { BatchShape } from '../session/index.js';

/** Engine that shows the values between its nodes. */
export interface ObservedEngine {
  /** Computes the outputs of a batch, each row-major, the images first. */
  run(batch: Float32Array, shape: BatchShape, observe?: Observe): Promise<readonly Float32Array[]>;
  dispose(): Promise<void> | void;
}

/** Makes an engine for a graph: in 8 bits, if the graph is quantized. `observe` tells if its runs show the values between the nodes. */
export type MakeEngine = (graph: InferenceGraph, observe: boolean) => Promise<ObservedEngine>;

/** Uses an engine, and disposes of it. */
export async function withEngine<T>(
  make: MakeEngine,
  graph: InferenceGraph,
  observe: boolean,
  use: (engine: ObservedEngine) => Promise<T>,
): Promise<T> {
  const engine = await make(graph, observe);
  try {
    return await use(engine);
  } finally {
    await engine.dispose();
  }
}
