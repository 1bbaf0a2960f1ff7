import type { Net } from '@cnnzoo/core';
import { CnnzooError } from '@cnnzoo/core/internal/page';
import type { GraphNode, InferenceGraph, QuantizedGraph } from './graph.js';

/** Net, or the inference of one in 8 bits. */
export type NetOrQuantized = Net | QuantizedGraph;

/** Returns true for the inference of a net, in float32 or 8 bits. */
export const isGraph = (value: unknown): value is InferenceGraph =>
  typeof value === 'object' && value !== null && 'nodes' in value && 'facts' in value;

/** Returns true for a graph that `quantize` has made, or that was read from a file. */
export const isQuantized = (value: unknown): value is QuantizedGraph => isGraph(value) && 'quantization' in value;

/** Returns true if a node of a graph is computed in integers, as `GraphQuantization` says. */
export function isIntegerNode(node: GraphNode, graph: InferenceGraph): boolean {
  if (!isQuantized(graph)) return false;
  const { values, weights } = graph.quantization;
  if (!node.inputs.every(({ name }) => values.has(name))) return false;
  return node.op === 'conv' || node.op === 'linear' ? weights.has(node.weight.name) : values.has(node.output.name);
}

/**
 * Returns true for a node that only moves its inputs' values: its inputs and output have one scale and zero point, so that in 8 bits moving
 * is all that it does.
 */
export function movesValues(node: GraphNode): boolean {
  switch (node.op) {
    case 'concat':
    case 'flatten':
    case 'pad':
    case 'reshape':
    case 'transpose':
      return true;
    case 'upsample':
      return node.interpolation === 'nearest';
    case 'global-pool':
      return node.operator === 'max';
    case 'pool':
      return node.operator === 'max' || node.size.every((extent) => extent === 1);
    default:
      return false;
  }
}

/** Numbers of magnitude below 2^51 lose their fraction when this is added: float64 rounds to nearest, ties to even. */
const WHOLE = 1.5 * 2 ** 52;

/** Rounds a number of magnitude below 2^51 to nearest, ties to even. */
export const roundEven = (value: number): number => value + WHOLE - WHOLE;

/**
 * Rounds a weight to the integers from -127 to 127.
 *
 * @param values row-major; the last axis are the output channels.
 * @param scales of each output channel.
 */
export function quantizeWeight(values: Float32Array, scales: Float32Array): Int8Array {
  const channels = scales.length;
  const rounded = new Int8Array(values.length);
  for (let start = 0; start < values.length; start += channels)
    for (let channel = 0; channel < channels; channel++) {
      const whole = roundEven(values[start + channel]! / scales[channel]!);
      rounded[start + channel] = Math.max(-127, Math.min(127, whole));
    }
  return rounded;
}

/** Returns the scale of each output channel's sums: that of the input times that of the weight, in float32. */
export const sumScales = (inputScale: number, scales: Float32Array): Float32Array =>
  scales.map((scale) => Math.fround(inputScale * scale));

/**
 * Rounds a bias to the units of the sums that it is added to.
 *
 * @param values of each output channel.
 * @param sums `sumScales` of the node.
 * @throws CnnzooError INPUT for a value beyond int32.
 */
export function quantizeBias(name: string, values: Float32Array, sums: Float32Array): Int32Array {
  return Int32Array.from(values, (value, channel) => {
    const whole = roundEven(value / sums[channel]!);
    if (Math.abs(whole) < 2 ** 31) return whole;
    throw new CnnzooError(
      'INPUT',
      `The value ${value} of '${name}' is beyond int32 in units of ${sums[channel]}. Quantize the net anew.`,
    );
  });
}
