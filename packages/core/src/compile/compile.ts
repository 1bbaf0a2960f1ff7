import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireBackend } from '../backend/index.js';
import { isInStep, isTraining, modelOf } from '../graph/index.js';
import { CnnzooError, checkOptions, shownValue } from '../util/index.js';
import { Classifier } from '../zoo/index.js';
import { WeightsSnapshot } from './snapshot.js';
import { WeightsVersion } from './weights-version.js';

/** Options of `compile`. */
export interface CompileOptions {
  /**
   * Engine that computes the net: 'tfjs', fused layers on the backend in use; or 'kernels', the WebAssembly of the package
   * `@cnnzoo/deploy` in a memory of its own, for a Classifier. Default: 'tfjs'. Another engine never takes its place.
   */
  engine?: 'tfjs' | 'kernels' | undefined;
  /**
   * Threads of the kernels, 1 to 256. Default: the cores of the machine; in a worker, and in a page that is not cross-origin
   * isolated, one.
   */
  threads?: number | undefined;
  /**
   * The module `@cnnzoo/deploy`, imported by the page, whose bundler can't be asked for it later. Default: in Node, the installed
   * one.
   */
  runtime?: object | undefined;
}

const ENGINES: readonly unknown[] = ['tfjs', 'kernels'];

/**
 * Returns a net for inference alone that computes the same in fewer passes: BatchNorm is folded into the convolution or
 * linear layer before it, bias and ReLU are computed with it, and dropout is left out. It pays most on a GPU, where each
 * pass is a dispatch.
 *
 * The result has weights of its own, those of the moment of the call: later training of `net` does not reach it, and each
 * of the two is disposed of by itself. Its layers have the name of the last layer that they compute, which
 * `summary(compiled)` lists, and the same output as in `net`. Layers of tfjs, and BatchNorm that another layer than a
 * convolution or linear one precedes, stay as they are. Training, `freeze`, gradients, `stateDict` and `save` are refused:
 * use `net` for those, and compile it again.
 *
 * With the engine 'kernels', `classify`, `watch`, `embed` and `evaluate` are computed outside of TensorFlow.js, and whatever
 * needs the layers is refused, `activations` and the model's own `predict` too. If the weights of `net` change afterwards, by a
 * training step or a checkpoint, the compiled net refuses to answer: it would answer with those of before. `net` may be
 * disposed of.
 *
 * @param net a LayersModel or Classifier. It stays as it is.
 * @param options `engine`, and the `threads` and `runtime` of the engine 'kernels'.
 * @returns a net of the same kind, whose outputs differ by rounding alone (float32, relative 1e-5).
 * @throws CnnzooError INPUT for another value, an unknown option or engine, a net that was disposed of, or a layer that can't be
 * copied or that the engine can't compute; TRAINING in the middle of a training step of `net`, and for the engine 'kernels' during
 * a training; BACKEND if `@cnnzoo/deploy` is not installed or the engine does not start.
 *
 * @example
 * ```ts
 * import { compile, useBackend } from '@cnnzoo/core';
 * import { resnet50 } from '@cnnzoo/resnet';
 *
 * await useBackend();
 * const net = await resnet50.pretrained();
 * const fast = await compile(net);
 * net.dispose();
 * const [best] = await fast.classify('cat.jpg');
 * console.log(best!.label);
 * fast.dispose();
 * ```
 *
 * @example On the kernels
 * ```ts
 * import { compile } from '@cnnzoo/core';
 * import { resnet50 } from '@cnnzoo/resnet';
 *
 * const net = await resnet50.pretrained();
 * const fast = await compile(net, { engine: 'kernels', threads: 2 });
 * net.dispose();
 * const [best] = await fast.classify('cat.jpg');
 * fast.dispose();
 * ```
 */
export async function compile(net: Classifier, options?: CompileOptions): Promise<Classifier>;
export async function compile(net: LayersModel, options?: { engine?: 'tfjs' | undefined }): Promise<LayersModel>;
export async function compile(
  net: Classifier | LayersModel,
  options: CompileOptions = {},
): Promise<Classifier | LayersModel> {
  requireBackend('compile');
  checkCompile(options);
  const isClassifier = net instanceof Classifier;
  if (!isClassifier && !Array.isArray((net as LayersModel | undefined)?.layers))
    throw new CnnzooError('INPUT', `compile: expected a Classifier or LayersModel, received ${describe(net)}.`);
  const source = modelOf(net);
  if (isInStep(source))
    throw new CnnzooError(
      'TRAINING',
      `compile: a training step of '${source.name}' is in progress, so that its weights and statistics do not fit together. ` +
        'Compile between steps, as in the loop over train, or after the training.',
    );
  if (options.engine === 'kernels') {
    if (!isClassifier)
      throw new CnnzooError(
        'INPUT',
        `compile: the engine 'kernels' is for a Classifier; '${source.name}' is a LayersModel. Use createSession of @cnnzoo/deploy, whose ` +
          'run takes preprocessed images, or make a Classifier of it.',
      );
    if (isTraining(source))
      throw new CnnzooError(
        'TRAINING',
        `compile: '${source.name}' is being trained, and the engine 'kernels' holds the weights of one moment. Compile it after the ` +
          'training, or leave engine out.',
      );
    // Before the first await, as below.
    const version = new WeightsVersion(source);
    const { compileForKernels } = await import('./engine.js');
    return classifierOf(net, await compileForKernels(net, version, options));
  }
  // Before the first await: a training that goes on changes the weights.
  const weights = new WeightsSnapshot(source);
  try {
    const model = await (await import('./late.js')).compileModel(source, weights);
    return isClassifier ? classifierOf(net, model) : model;
  } finally {
    weights.dispose();
  }
}

/** Returns the Classifier of a compiled model. */
const classifierOf = (net: Classifier, model: LayersModel): Classifier =>
  new Classifier({ ...net, model, activation: net.activation });

/** @throws CnnzooError INPUT for unknown options, and those of another engine. */
function checkCompile(options: CompileOptions): void {
  checkOptions('compile', options, ['engine', 'threads', 'runtime']);
  const { engine = 'tfjs', threads, runtime } = options;
  if (!ENGINES.includes(engine))
    throw new CnnzooError(
      'INPUT',
      `compile: expected engine '${ENGINES.join("' or '")}', received ${shownValue(engine)}.`,
    );
  if (engine === 'tfjs' && (threads !== undefined || runtime !== undefined))
    throw new CnnzooError(
      'INPUT',
      "compile: threads and runtime are for the engine 'kernels'. Leave them out, or ask for it.",
    );
}

const describe = (value: unknown): string => (value === null ? 'null' : typeof value);
