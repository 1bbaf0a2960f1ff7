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

export const runKernel = <T extends Tensor | Tensor[]>(name: string, inputs: NamedTensorMap, attrs: object): T =>
  engine().runKernel(name, inputs, attrs as NamedAttrMap) as T;

/** What the gradients need: inputs by name, and behind them the result. */
interface Saved {
  readonly inputs: string[];
  readonly output?: boolean;
}

/** A kernel of one result, whose gradient tfjs learns at its first use. */
export function differentiable<Result extends Tensor = Tensor>(
  kernelName: string,
  { inputs: inputsToSave, output = false }: Saved,
  gradients: Gradients,
) {
  return (inputs: NamedTensorMap, attrs: object): Result => {
    if (!getGradient(kernelName))
      registerGradient({ kernelName, inputsToSave, outputsToSave: [output], gradFunc: gradients as GradFunc });
    return runKernel<Result>(kernelName, inputs, attrs);
  };
}

export interface ConvAttributes {
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly groups: number;
}

const conv2d = differentiable<Tensor4D>('CnnzooConv2D', { inputs: ['x', 'filter'] }, (dy, [x, filter], attrs) => ({
  x: () => runKernel('CnnzooConv2DBackpropInput', { dy, filter: filter! }, { ...attrs, inputShape: x!.shape }),
  filter: () => runKernel('CnnzooConv2DBackpropFilter', { x: x!, dy }, { ...attrs, filterShape: filter!.shape }),
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

const maxPool = differentiable<Tensor4D>('CnnzooMaxPool', { inputs: ['x'] }, (dy, [x], attrs) => ({
  x: () => runKernel('CnnzooMaxPoolGrad', { dy, x: x! }, attrs),
}));

/** [n, h, w, c] -> [n, h', w', c]; the padding counts as -inf. */
export const maxPoolKernel = (x: Tensor4D, attrs: PoolAttributes): Tensor4D => maxPool({ x }, attrs);

const avgPool = differentiable<Tensor4D>('CnnzooAvgPool', { inputs: [] }, (dy, _, attrs) => ({
  x: () => runKernel('CnnzooAvgPoolGrad', { dy }, attrs),
}));

/** [n, h, w, c] -> [n, h', w', c]; all of the padding counts, or none of it. */
export const avgPoolKernel = (x: Tensor4D, attrs: PoolAttributes & { countIncludePad: boolean }): Tensor4D =>
  avgPool({ x }, { ...attrs, inputShape: x.shape });
