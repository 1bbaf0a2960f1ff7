import { CnnzooError, type Net } from '@cnnzoo/core';
import { categoriesOf, isInStep, modelOf, outputActivationOf, preprocessingOf, weightsOf } from '@cnnzoo/core/internal';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { InferenceGraph } from './graph.js';
import { isGraph } from './quantized.js';
import { readNet } from './read-net.js';
import { textOf } from './text.js';
import { LiveWeights, type WeightSource } from './weights.js';

/**
 * Returns the model of a net.
 *
 * @throws CnnzooError INPUT for a graph, a value that is no net, or a net that was disposed of.
 */
export function netModelOf(net: Net): LayersModel {
  if (isGraph(net))
    throw new CnnzooError(
      'INPUT',
      `Expected a net (a LayersModel or a Classifier), received the graph '${net.name}'. Give the net that it was made of; createSession takes ` +
        'graphs, and exportOnnx those of quantize.',
    );
  return modelOf(net);
}

/** @param source weights of the net; those of the net as it is, if it is left out. */
export function graphOf(net: Net, source?: WeightSource): InferenceGraph {
  const model = netModelOf(net);
  if (isInStep(model))
    throw new CnnzooError(
      'TRAINING',
      `A training step of '${model.name}' is in progress, so that its weights and statistics do not fit together. ` +
        'Do this between steps, as in the loop over train, or after the training.',
    );
  const weights =
    source ??
    new LiveWeights(
      model.name,
      weightsOf(model).map(({ variable }) => variable),
    );
  const { inputs, outputs, nodes, anySize } = readNet(model, weights);
  const graph: InferenceGraph = {
    name: model.name,
    inputs,
    outputs,
    nodes,
    anySize,
    facts: {
      categories: categoriesOf(net) ?? null,
      preprocessing: preprocessingOf(net) ?? null,
      activation: outputActivationOf(model),
    },
    toString: () => textOf(graph),
  };
  return graph;
}

/**
 * Reads what a net computes in inference as a small typed graph, which every export of this package starts from: dropout is
 * left out, BatchNorm is folded into the convolution or linear layer before it, zeros around a map into the convolution after
 * them, and ReLU into the node before it. Nets of core's layers, of tf.layers' usual ones, and nested ones are read.
 *
 * The graph reads the weights from the net when they are asked for, so that they are not in memory twice: it holds nothing that
 * has to be disposed of, and the net must not change or be disposed of before.
 *
 * @param net a LayersModel or Classifier, compiled or not. It stays as it is.
 * @throws CnnzooError INPUT for a layer that no graph has, which it names, and for a value that is no net; TRAINING in the middle
 * of a training step.
 *
 * @example
 * ```ts
 * import { useBackend } from '@cnnzoo/core';
 * import { inferenceGraph } from '@cnnzoo/deploy';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * await useBackend();
 * const graph = inferenceGraph(resnet18());
 * console.log(String(graph)); // resnet18: 31 nodes, a line for each
 * ```
 */
export const inferenceGraph = (net: Net): InferenceGraph => graphOf(net);
