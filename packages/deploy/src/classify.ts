/**
 * Door for pages that only classify: the kernels, the decoders of images and a graph's file, without TensorFlow.js and without what
 * builds and trains nets.
 */
import { CnnzooError, checkOptions, shownValue } from '@cnnzoo/core/internal/page';
import { isThreadCount, MOST_THREADS } from '@cnnzoo/kernels/internal/engine';
import { type GraphSource, graphFrom, type ReadGraphOptions } from './graph-file/read-graph.js';
import { KernelsEngine } from './kernels/index.js';
import type { Session } from './session/session.js';
import { factsOf, startSession } from './session/start-session.js';

export type {
  ClassifierImages,
  ClassifyOptions,
  ErrorCode,
  ImageAnswer,
  ImageInput,
  ImageOptions,
  OutputActivation,
  Prediction,
  Preprocessing,
  StreamOptions,
} from '@cnnzoo/core';
export { CnnzooError } from '@cnnzoo/core/internal/page';
export type { GraphSource, ReadGraphOptions } from './graph-file/read-graph.js';
export type { BatchShape, EngineName } from './session/engine.js';
export { Session, type SessionFacts, type SessionTimes } from './session/session.js';

/** Options of `openClassifier`. */
export interface OpenOptions extends ReadGraphOptions {
  /**
   * Threads, 1 to 256. Default: the cores of the machine; in a worker, and in a page that is not cross-origin isolated, one.
   */
  threads?: number | undefined;
}

/**
 * Opens a net that `saveQuantized` or `saveGraph` wrote, and computes it in the kernels' WebAssembly: in a page, a worker, Node, Bun and
 * Deno. The page loads neither TensorFlow.js nor anything else that this call does not need. Images are preprocessed as
 * `Classifier.classify` does, bit for bit.
 *
 * @param source URL of the file, its path (in Node), bytes, Blob or File.
 * @returns a Session, whose `classify` is that of a Classifier. Dispose of it.
 * @throws CnnzooError FORMAT for another or a damaged file; DOWNLOAD, FILE or HASH if it can't be read or is another; INPUT for an unknown
 * option; BACKEND if WebAssembly or its SIMD is missing; ABORTED by the signal.
 *
 * @example
 * ```ts
 * import { openClassifier } from '@cnnzoo/deploy/classify';
 *
 * const net = await openClassifier('/resnet18-int8.safetensors', {
 *   progress: ({ loaded, total }) => console.log(loaded, total),
 * });
 * const [best] = await net.classify(document.querySelector('img')!);
 * console.log(best!.label, best!.score);
 * await net.dispose();
 * ```
 */
export async function openClassifier(source: GraphSource, options: OpenOptions = {}): Promise<Session> {
  const since = performance.now();
  checkOptions('openClassifier', options, ['threads', 'sha256', 'progress', 'signal']);
  const { threads, ...reading } = options;
  if (threads !== undefined && !isThreadCount(threads))
    throw new CnnzooError(
      'INPUT',
      `openClassifier: expected threads 1 to ${MOST_THREADS}, received ${shownValue(threads)}.`,
    );
  const graph = await graphFrom('openClassifier', source, reading);
  return startSession(
    'openClassifier',
    graph,
    factsOf('openClassifier', graph),
    {
      engine: 'kernels',
      reason: 'openClassifier computes in the kernels.',
      takesAnySize: true,
      create: () => KernelsEngine.create(graph, { threads }),
    },
    since,
  );
}
