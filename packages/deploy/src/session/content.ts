import type { Net } from '@cnnzoo/core';
import {
  categoriesOf,
  featuresOf,
  modelOf,
  noteOf,
  outputActivationOf,
  preprocessingOf,
  WeightsSnapshot,
} from '@cnnzoo/core/internal';
import { type LayersModel, model as tfModel } from '@tensorflow/tfjs-layers';
import { graphOf, type InferenceGraph } from '../graph/index.js';
import { sourceOf } from '../snapshot.js';
import { factsOf, type GraphSessionFacts } from './start-session.js';

/** Content of a session: the graph of a net, as it is at one moment. */
export interface Content {
  readonly graph: InferenceGraph;
  readonly facts: GraphSessionFacts;
  /** The net that the graph was read from, for TensorFlow.js. undefined: there is none. */
  readonly net: { readonly model: LayersModel; readonly weights: WeightsSnapshot } | undefined;
  /** Frees what the content holds. */
  dispose(): void;
}

/** Makes a net of the logits and, if the net knows its head, of the features before it. */
function withFeatures(model: LayersModel): { readonly both: LayersModel; readonly features: number | undefined } {
  if (!noteOf(model)) return { both: model, features: undefined };
  const [features] = featuresOf(model).outputs;
  // A net without a head gives features itself.
  if (features === model.outputs[0]) return { both: model, features: 0 };
  const both = tfModel({ inputs: model.inputs, outputs: [...model.outputs, features!], name: model.name });
  return { both, features: model.outputs.length };
}

/** Reads a net. The content owns tensors, which copy nothing. */
export function netContent(net: Net): Content {
  const model = modelOf(net);
  const weights = new WeightsSnapshot(model);
  try {
    const { both, features } = withFeatures(model);
    const graph = graphOf(both, sourceOf(weights));
    return {
      graph,
      facts: {
        ...factsOf('createSession', graph),
        // The net of logits and features has no categories and no preprocessing of its own.
        categories: categoriesOf(net) ?? null,
        preprocessing: preprocessingOf(net) ?? null,
        activation: outputActivationOf(model),
        features,
      },
      net: { model: both, weights },
      dispose: () => weights.dispose(),
    };
  } catch (error) {
    weights.dispose();
    throw error;
  }
}

/** Takes a graph that was quantized, or read from a file. */
export const graphContent = (graph: InferenceGraph): Content => ({
  graph,
  facts: factsOf('createSession', graph),
  net: undefined,
  dispose: () => undefined,
});
