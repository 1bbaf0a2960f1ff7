import { quantizeWeight } from '../graph/index.js';
import type { HeldWeight } from './held-graph.js';
import type { WeightedNode } from './plan.js';
import { LEAST_SCALE } from './ranges.js';

/** The largest sum of a bias: with the largest sum of products of the largest nets it is within int32. */
const LARGEST_BIAS = 2 ** 30;

export const weightOf = ({ weight }: WeightedNode): HeldWeight => weight as HeldWeight;
export const biasOf = ({ bias }: WeightedNode): HeldWeight | undefined => bias as HeldWeight | undefined;

/** Returns the largest magnitude of each output channel. */
export function largestOf({ values, shape }: HeldWeight): Float64Array {
  const channels = shape.at(-1)!;
  const largest = new Float64Array(channels);
  for (let start = 0; start < values.length; start += channels)
    for (let channel = 0; channel < channels; channel++) {
      const magnitude = Math.abs(values[start + channel]!);
      if (magnitude > largest[channel]!) largest[channel] = magnitude;
    }
  return largest;
}

/**
 * Returns the scale of each output channel of a weight.
 *
 * @param biases of the nodes that have the weight, and their inputs' scales: a channel of small weights and a large bias gets a larger
 * scale, so that the bias is within int32.
 */
export function weightScales(
  weight: HeldWeight,
  biases: readonly { readonly bias: HeldWeight | undefined; readonly inputScale: number }[],
): Float32Array {
  return Float32Array.from(largestOf(weight), (largest, channel) => {
    const least = biases.map(({ bias, inputScale }) =>
      bias ? Math.abs(bias.values[channel]!) / (inputScale * LARGEST_BIAS) : 0,
    );
    return Math.max(largest / 127, ...least, LEAST_SCALE);
  });
}

/**
 * Computes the mean error of each output channel that the rounding of the weight makes: the sum of (rounded weight - weight) times the
 * mean of the input's channel. Zeros of the padding are left out of account.
 *
 * @param means of the input's channels.
 */
export function meanErrors(node: WeightedNode, scales: Float32Array, means: Float64Array): Float64Array {
  const { values, shape } = weightOf(node);
  const filters = scales.length;
  const channels = shape.at(-2)!;
  const groups = node.op === 'conv' ? node.groups : 1;
  const rounded = quantizeWeight(values, scales);
  const errors = new Float64Array(filters);
  for (let start = 0, row = 0; start < values.length; start += filters, row++)
    for (let filter = 0; filter < filters; filter++) {
      const channel = Math.floor((filter * groups) / filters) * channels + (row % channels);
      errors[filter]! += (rounded[start + filter]! * scales[filter]! - values[start + filter]!) * means[channel]!;
    }
  return errors;
}
