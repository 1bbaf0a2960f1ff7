/*
 * BatchNorm and ReLU on kernels of @cnnzoo/kernels, with their gradients.
 */
import {
  add,
  customGrad,
  type GradSaveFunc,
  mul,
  relu,
  rsqrt,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
import { differentiable, runKernel } from './kernel-ops.js';

/** What one kernel does behind the normalization: adds `residual`, then a ReLU. */
export interface Joined {
  readonly residual?: Tensor;
  readonly relu?: boolean;
}

const reluGradKernel = (dy: Tensor, y: Tensor): Tensor => runKernel('CnnzooReluGrad', { dy, y }, {});

/** A ReLU whose gradient is one pass, by its output: its input need not be kept. */
export function reluKernel(x: Tensor): Tensor {
  const op = customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const [input, save] = args as [Tensor, GradSaveFunc];
    const value = relu(input);
    save([value]);
    return { value, gradFunc: (dy: Tensor, [y]: Tensor[]) => reluGradKernel(dy, y!) };
  });
  return op(x);
}

const attributes = (eps: number, { relu = false }: Joined) => ({ eps, activation: relu ? 'relu' : 'linear' });

export interface Statistics {
  /** [c] */
  readonly mean: Tensor1D;
  /** [c]; of a batch, biased: the mean of squared deviations. */
  readonly variance: Tensor1D;
}

/** Normalises x [..., c] by the batch. Not differentiable by itself: see `batchNormGradKernel`. */
export function batchNormKernel(
  x: Tensor,
  weight: Tensor1D,
  bias: Tensor1D,
  eps: number,
  joined: Joined,
): Statistics & { readonly y: Tensor } {
  const { residual } = joined;
  const [y, mean, variance] = runKernel<[Tensor, Tensor1D, Tensor1D]>(
    'CnnzooBatchNorm',
    { x, weight, bias, ...(residual && { residual }) },
    attributes(eps, joined),
  );
  return { y, mean, variance };
}

/** The gradients by x, weight, bias, and where one was added, the residual. */
export const batchNormGradKernel = (
  dy: Tensor,
  { x, y }: { readonly x: Tensor; readonly y: Tensor },
  weight: Tensor1D,
  { mean, variance }: Statistics,
  eps: number,
  joined: Joined,
): Tensor[] =>
  runKernel(
    'CnnzooBatchNormGrad',
    { dy, x, y, weight, mean, variance },
    { ...attributes(eps, joined), residual: joined.residual !== undefined },
  );

const inference = differentiable(
  'CnnzooBatchNormInference',
  { inputs: ['x', 'mean', 'variance', 'weight'], output: true },
  (dy, [x, mean, variance, weight, y], attrs) => {
    // Each in its turn, for tfjs drops what one of them leaves to the next.
    const g = () => (attrs.activation === 'relu' ? reluGradKernel(dy, y!) : dy);
    const inverseStd = () => rsqrt(add(variance!, attrs.eps as number));
    const axes = dy.shape.slice(0, -1).map((_, axis) => axis);
    return {
      x: () => mul(g(), mul(weight!, inverseStd())),
      weight: () => mul(sum(mul(g(), sub(x!, mean!)), axes), inverseStd()),
      bias: () => sum(g(), axes),
      residual: () => g(),
    };
  },
);

/** Normalises x [..., c] by given statistics, by which it has no gradient. */
export const batchNormInferenceKernel = (
  x: Tensor,
  weight: Tensor1D,
  bias: Tensor1D,
  { mean, variance }: Statistics,
  eps: number,
  joined: Joined,
): Tensor => {
  const { residual } = joined;
  return inference({ x, mean, variance, weight, bias, ...(residual && { residual }) }, attributes(eps, joined));
};
