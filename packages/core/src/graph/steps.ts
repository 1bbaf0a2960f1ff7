import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { weightsOf } from './slots.js';

/** Weights of nets in the middle of a training step, when BatchNorm's statistics are a step ahead of the weights. */
const inStep = new WeakSet<LayerVariable>();

/** Notes that a training step of a net has begun. Returns the function that notes its end. */
export function beginStep(model: LayersModel): () => void {
  const weights = weightsOf(model).map(({ variable }) => variable);
  for (const weight of weights) inStep.add(weight);
  return () => {
    for (const weight of weights) inStep.delete(weight);
  };
}

/** Returns true if a training step of the net, or of one that shares weights with it, is in progress. */
export const isInStep = (model: LayersModel): boolean => weightsOf(model).some(({ variable }) => inStep.has(variable));

/** Weights that a training holds. */
const claimed = new WeakSet<LayerVariable>();

/**
 * Claims a net's weights for one training. Returns the function that gives them back; undefined if another training holds
 * some of them.
 */
export function claimWeights(model: LayersModel): (() => void) | undefined {
  if (isTraining(model)) return undefined;
  const weights = weightsOf(model).map(({ variable }) => variable);
  for (const weight of weights) claimed.add(weight);
  return () => {
    for (const weight of weights) claimed.delete(weight);
  };
}

/** Returns true if a training of the net, or of one that shares weights with it, is in progress, between its steps too. */
export const isTraining = (model: LayersModel): boolean =>
  weightsOf(model).some(({ variable }) => claimed.has(variable));
