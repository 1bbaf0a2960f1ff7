import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { descriptionOf } from './description.js';
import { isModel, orderTo } from './order.js';

/**
 * Returns true if a layer's output depends on its input alone: no step changes it, and training is as inference. A layer of
 * an unknown class might draw at random.
 */
function isConstant(layer: layers.Layer): boolean {
  if (isModel(layer)) return layer.layers.every(isConstant);
  if (layer.trainableWeights.length > 0) return false;
  const { kind, isOwn } = descriptionOf(layer);
  // tfjs' own layer normalizes by the batch in training, even if it is frozen.
  if (kind === 'batch-norm') return isOwn;
  if (kind === 'dropout' || kind === 'noise') return isOwn && !layer.trainable;
  return kind !== 'unknown';
}

/** Returns true if every path from the input to the outputs goes through a tensor. */
function isNeck({ inputs, outputs }: LayersModel, neck: SymbolicTensor): boolean {
  const seen = new Set([neck]);
  const reachesInput = (tensor: SymbolicTensor): boolean => {
    if (seen.has(tensor)) return false;
    seen.add(tensor);
    return inputs.includes(tensor) || tensor.inputs.some(reachesInput);
  };
  return !outputs.some(reachesInput);
}

/**
 * Returns the last tensor of a net that all paths go through and before which nothing changes in training; undefined if
 * that is the input, or the net has several inputs.
 */
export function cutOf(model: LayersModel): SymbolicTensor | undefined {
  const tensors = orderTo(model.outputs);
  const constant = new Set<SymbolicTensor>();
  for (const tensor of tensors)
    if (tensor.inputs.every((input) => constant.has(input)) && isConstant(tensor.sourceLayer)) constant.add(tensor);
  const hasWeights = [...constant].some(({ sourceLayer }) => sourceLayer.weights.length > 0);
  if (model.inputs.length !== 1 || !hasWeights) return undefined;
  const isCut = (tensor: SymbolicTensor): boolean =>
    constant.has(tensor) && !model.outputs.includes(tensor) && isNeck(model, tensor);
  const cut = tensors.findLast(isCut);
  return cut && !model.inputs.includes(cut) ? cut : undefined;
}
