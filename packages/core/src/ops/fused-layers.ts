import * as tf from '@tensorflow/tfjs-core';
import { CnnzooError } from '../util/index.js';
import { bundle, type Conv2dOptions, dilate, padFor, padsOf } from './conv2d.js';
import { hasKernel, runKernel } from './kernel.js';
import { relu } from './relu.js';

/** Function of a layer's result that a kernel applies in the same pass. */
export type FusedActivation = 'linear' | 'relu';

/** Filters of a convolution as the current backend computes it fastest. */
export interface PackedFilter {
  /** One of all groups, or one for each bundle of groups, whose block-diagonal form it is. */
  readonly filters: readonly tf.Tensor4D[];
  /** One of all filters, or the part for each bundle. */
  readonly biases: readonly (tf.Tensor1D | undefined)[];
  /** True if each filter sees one channel: tfjs' depthwise convolution, with filter [kh, kw, c, o / c]. */
  readonly depthwise: boolean;
}

/** Returns true if `packFilter` returns tensors other than its arguments. */
export const needsPacking = ({ groups, dilation = [1, 1] }: Conv2dOptions): boolean =>
  !hasKernel('CnnzooConv2D') && (groups > 1 || dilation.some((pixels) => pixels > 1));

/**
 * Prepares a filter [kh, kw, c / groups, o] for many calls of `fusedConv2d`, so that none of them has to spread a dilated
 * filter or to build the block-diagonal filters of groups. For use inside a tidy.
 */
export function packFilter(
  filter: tf.Tensor4D,
  bias: tf.Tensor1D | undefined,
  { dilation = [1, 1], groups }: Conv2dOptions,
): PackedFilter {
  if (hasKernel('CnnzooConv2D')) return { filters: [filter], biases: [bias], depthwise: false };
  const spread = dilate(filter, dilation);
  const [kh, kw, perGroup, filters] = spread.shape;
  if (groups === 1) return { filters: [spread], biases: [bias], depthwise: false };
  if (perGroup === 1)
    return { filters: [tf.reshape(spread, [kh, kw, groups, filters / groups])], biases: [bias], depthwise: true };
  const { bundled, bundles } = bundle(spread, groups);
  return {
    filters: bundles === 1 ? [bundled] : tf.split<tf.Tensor4D>(bundled, bundles, 3),
    biases: bundles === 1 || !bias ? new Array(bundles).fill(bias) : tf.split<tf.Tensor1D>(bias, bundles),
    depthwise: false,
  };
}

/**
 * `conv2d` and an activation in one pass, by filters that `packFilter` has prepared on this backend. It has no gradient. For
 * use inside a tidy.
 */
export function fusedConv2d(
  x: tf.Tensor4D,
  { filters, biases, depthwise }: PackedFilter,
  { stride, padding: [rows, columns], dilation = [1, 1], groups }: Conv2dOptions,
  activation: FusedActivation,
): tf.Tensor4D {
  if (hasKernel('CnnzooConv2D')) {
    const padding = [
      [rows, rows],
      [columns, columns],
    ] as const;
    const inputs = { x, filter: filters[0]!, ...(biases[0] && { bias: biases[0] }) };
    return runKernel('CnnzooConv2D', inputs, { stride, padding, dilation, groups, activation });
  }
  const strides = [...stride] as [number, number];
  if (depthwise) {
    // tfjs' depthwise convolution takes the same padding on all sides alone.
    const input = rows === columns ? x : tf.pad(x, padsOf(rows, columns));
    const [filter, bias] = [filters[0]!, biases[0]];
    const pad = rows === columns ? rows : 0;
    return tf.fused.depthwiseConv2d({ x: input, filter, strides, pad, activation, ...(bias && { bias }) });
  }
  const { input, pad } = padFor(x, rows, columns);
  const one = (part: tf.Tensor4D, i: number): tf.Tensor4D =>
    tf.fused.conv2d({ x: part, filter: filters[i]!, strides, pad, activation, ...(biases[i] && { bias: biases[i] }) });
  if (filters.length === 1) return one(input, 0);
  return tf.concat(tf.split<tf.Tensor4D>(input, filters.length, 3).map(one), 3);
}

/** x weight + bias, then an activation, in one pass: x [..., in], weight [in, out]. It has no gradient. */
export const fusedLinear = (
  x: tf.Tensor,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D | undefined,
  activation: FusedActivation,
): tf.Tensor => tf.fused.matMul({ a: x, b: weight, activation, ...(bias && { bias }) });

/** max(a + b, 0) of two maps [..., c] of one shape, in one pass on wasm. It has no gradient. For use inside a tidy. */
export function addRelu(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  // tfjs-node has this kernel too, and computes it in three passes.
  if (!hasKernel('CnnzooConv2D') || !hasKernel('CnnzooBatchNormInference')) return relu(tf.add(a, b));
  // With these statistics a normalisation returns its input, exactly.
  const channels = a.shape.at(-1)!;
  const [zeros, ones] = [tf.zeros([channels]) as tf.Tensor1D, tf.ones([channels]) as tf.Tensor1D];
  const inputs = { x: a, mean: zeros, variance: ones, weight: ones, bias: zeros, residual: b };
  return runKernel('CnnzooBatchNormInference', inputs, { eps: 0, activation: 'relu' });
}

/**
 * Refuses a fused layer inside a gradient, which would be wrong: kernels that fuse a ReLU have none.
 *
 * @throws CnnzooError TRAINING.
 */
export function refuseGradient(layer: string): void {
  if (tf.engine().state.gradientDepth === 0) return;
  throw new CnnzooError(
    'TRAINING',
    `Layer '${layer}' belongs to a compiled net, which has no gradients. Take the net that it was compiled from, or compute ` +
      'the compiled net outside of the function whose gradient is taken.',
  );
}
