import type { LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../util/index.js';
import { allFinite, scaleChannels } from './channels.js';
import type { Step } from './plan.js';

/** Returns a weight of a layer of ours by PyTorch's name; undefined if the layer has none of that name. */
export const weightOf = (layer: layers.Layer, name: string): LayerVariable | undefined =>
  layer.weights.find(({ originalName }) => originalName.endsWith(`/${name}`));

const NORM = ['weight', 'bias', 'running_mean', 'running_var'];

/** Values of weights at the moment when the compiling began. */
export interface Values {
  read(variable: LayerVariable): Promise<Float32Array>;
}

/** Weight and bias of a convolution or linear layer. Both have the output channels as their last axis. */
export interface Folded {
  readonly weight: Float32Array<ArrayBuffer>;
  readonly bias: Float32Array<ArrayBuffer>;
}

/**
 * Folds the BatchNorms of a step into the weight W and bias b before them: W a and b a + c, where a = weight / sqrt(running_var
 * + eps) and c = bias - running_mean a of each norm. Computed in float64 and rounded once.
 *
 * @throws CnnzooError INPUT if finite values give a folded weight beyond float32.
 */
export async function fold({ node, norms }: Step, values: Values): Promise<Folded> {
  const channels = node.shape.at(-1)!;
  const biasOf = weightOf(node.layer, 'bias');
  const [weight, bias, ...statistics] = await Promise.all([
    values.read(weightOf(node.layer, 'weight')!),
    biasOf ? values.read(biasOf) : new Float32Array(channels),
    ...norms.flatMap(({ layer }) => NORM.map((name) => values.read(weightOf(layer, name)!))),
  ]);
  const isFiniteBefore = [weight, bias, ...statistics].every(allFinite);
  const scale = new Float64Array(channels).fill(1);
  const shift = Float64Array.from(bias);
  for (const [n, { layer }] of norms.entries()) {
    const [gamma, beta, mean, variance] = statistics.slice(4 * n, 4 * n + 4) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const eps = layer.getConfig().eps as number;
    for (let i = 0; i < channels; i++) {
      const factor = gamma[i]! / Math.sqrt(variance[i]! + eps);
      scale[i]! *= factor;
      shift[i] = (shift[i]! - mean[i]!) * factor + beta[i]!;
    }
  }
  const folded = {
    weight: scaleChannels(weight, scale),
    bias: Float32Array.from(shift),
  };
  if (isFiniteBefore && ![folded.weight, folded.bias].every(allFinite))
    throw new CnnzooError(
      'INPUT',
      `compile: the BatchNorm '${norms.at(-1)!.path}' can't be folded into '${node.path}': a channel's running_var + eps is ` +
        'so close to 0 (or below it) that the weights would not be finite. Train the net, or build it with a larger eps.',
    );
  return folded;
}
