/*
 * Operations that tfjs lacks, where the current backend has a kernel for them (of @cnnzoo/kernels, whose README lists
 * inputs and attributes). Their gradients are lazy, as tfjs' own: none is computed that nobody asked for.
 */
import {
  engine,
  type GradFunc,
  getBackend,
  getGradient,
  getKernel,
  type NamedAttrMap,
  type NamedTensorMap,
  registerGradient,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

type Pair = readonly [number, number];
type Padding = readonly [top_bottom: Pair, left_right: Pair];
type Gradients = (dy: Tensor, saved: Tensor[], attrs: NamedAttrMap) => Record<string, () => Tensor>;

export const hasKernel = (name: string): boolean => getKernel(name, getBackend()) !== undefined;

const run = <T extends Tensor | Tensor[]>(name: string, inputs: NamedTensorMap, attrs: object): T =>
  engine().runKernel(name, inputs, attrs as NamedAttrMap) as T;

/** Runs a kernel whose gradient tfjs learns at its first use; `inputsToSave` are kept for it. */
function differentiable(name: string, inputsToSave: string[], gradients: Gradients) {
  return (inputs: NamedTensorMap, attrs: object): Tensor4D => {
    if (!getGradient(name)) registerGradient({ kernelName: name, inputsToSave, gradFunc: gradients as GradFunc });
    return run<Tensor4D>(name, inputs, attrs);
  };
}

export interface ConvAttributes {
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly groups: number;
}

const conv2d = differentiable('CnnzooConv2D', ['x', 'filter'], (dy, [x, filter], attrs) => ({
  x: () => run('CnnzooConv2DBackpropInput', { dy, filter: filter! }, { ...attrs, inputShape: x!.shape }),
  filter: () => run('CnnzooConv2DBackpropFilter', { x: x!, dy }, { ...attrs, filterShape: filter!.shape }),
  bias: () => sum(dy, [0, 1, 2]),
}));

/** x [n, h, w, c], filter [kh, kw, c / groups, o], bias [o] -> [n, h', w', o]. */
export const conv2dKernel = (x: Tensor4D, filter: Tensor4D, bias: Tensor1D | undefined, attrs: ConvAttributes) =>
  conv2d({ x, filter, ...(bias && { bias }) }, attrs);

export interface PoolAttributes {
  readonly kernelSize: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
}

const maxPool = differentiable('CnnzooMaxPool', ['x'], (dy, [x], attrs) => ({
  x: () => run('CnnzooMaxPoolGrad', { dy, x: x! }, attrs),
}));

/** [n, h, w, c] -> [n, h', w', c]; the padding counts as -inf. */
export const maxPoolKernel = (x: Tensor4D, attrs: PoolAttributes): Tensor4D => maxPool({ x }, attrs);

const avgPool = differentiable('CnnzooAvgPool', [], (dy, _, attrs) => ({
  x: () => run('CnnzooAvgPoolGrad', { dy }, attrs),
}));

/** [n, h, w, c] -> [n, h', w', c]; all of the padding counts, or none of it. */
export const avgPoolKernel = (x: Tensor4D, attrs: PoolAttributes & { countIncludePad: boolean }): Tensor4D =>
  avgPool({ x }, { ...attrs, inputShape: x.shape });

export interface BatchNormResult {
  readonly y: Tensor;
  /** [c] */
  readonly mean: Tensor1D;
  /** [c], biased. */
  readonly variance: Tensor1D;
}

/** Normalises x [..., c] by the batch. Not differentiable by itself: see `batchNormGradKernel`. */
export function batchNormKernel(x: Tensor, weight: Tensor1D, bias: Tensor1D, eps: number): BatchNormResult {
  const [y, mean, variance] = run<[Tensor, Tensor1D, Tensor1D]>(
    'CnnzooBatchNorm',
    { x, weight, bias },
    { eps, activation: 'linear' },
  );
  return { y, mean, variance };
}

/** The gradients by x, weight and bias. */
export const batchNormGradKernel = (
  dy: Tensor,
  x: Tensor,
  weight: Tensor1D,
  { mean, variance }: Pick<BatchNormResult, 'mean' | 'variance'>,
  eps: number,
): [Tensor, Tensor1D, Tensor1D] =>
  run('CnnzooBatchNormGrad', { dy, x, y: x, weight, mean, variance }, { eps, activation: 'linear', residual: false });
