import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireBackend } from '../backend/index.js';
import { isInStep, modelOf } from '../graph/index.js';
import { CnnzooError } from '../util/index.js';
import { Classifier } from '../zoo/index.js';
import { WeightsSnapshot } from './snapshot.js';

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
 * @param net a LayersModel or Classifier. It stays as it is.
 * @returns a net of the same kind, whose outputs differ by rounding alone (float32, relative 1e-5).
 * @throws CnnzooError INPUT for another value, a net that was disposed of, or a layer that can't be copied;
 * TRAINING in the middle of a training step of `net`.
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
 * ```
 */
export async function compile(net: Classifier): Promise<Classifier>;
export async function compile(net: LayersModel): Promise<LayersModel>;
export async function compile(net: Classifier | LayersModel): Promise<Classifier | LayersModel> {
  requireBackend('compile');
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
  // Before the first await: a training that goes on changes the weights.
  const weights = new WeightsSnapshot(source);
  try {
    const model = await (await import('./late.js')).compileModel(source, weights);
    return isClassifier ? new Classifier({ ...net, model, activation: net.activation }) : model;
  } finally {
    weights.dispose();
  }
}

const describe = (value: unknown): string => (value === null ? 'null' : typeof value);
