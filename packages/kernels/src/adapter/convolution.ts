import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Pointer } from '../engine/index.js';
import { KernelError } from '../errors.js';
import {
  Activation,
  type Algorithm,
  filterGradientAlgorithm,
  forwardAlgorithm,
  inputGradientAlgorithm,
} from '../ops/index.js';
import { checkRank, numbers, optionalNumbers, shapeAttribute } from './checks.js';
import { activationOf, biasOf, withoutTerms } from './epilogue.js';
import {
  type ConvolutionGeometryOf,
  outShape,
  ownConvolutionGeometry,
  tfjsConvolutionGeometry,
  tfjsDepthwiseGeometry,
} from './geometry.js';
import { type KernelCall, type KernelContext, type KernelFamily, NotTaken } from './registry.js';

const FILTER = 'kh, kw, c, o';
const MAP = 'n, h, w, c';

/** Returns a float32 input with the four axes listed in `axes`. */
function fourAxes(call: KernelCall, name: string, axes: string): TensorInfo {
  const tensor = numbers(call, name);
  checkRank(call, name, tensor, axes);
  return tensor;
}

/** Throws unless the channels are the last axis. tfjs' wasm backend has no other convolutions. */
function checkFormat(call: KernelCall): void {
  const { dataFormat = 'NHWC' } = call.attrs;
  if (dataFormat !== 'NHWC')
    throw new KernelError(`${call.name} on the wasm backend does not take dataFormat '${dataFormat}', only 'NHWC'.`);
}

const isEmpty = (...shapes: (readonly number[])[]): boolean => shapes.some((shape) => shape.includes(0));

/** Packs the filter for the algorithm. A kernel has to do this first, because packing may reset the arena. */
const packFilter = (
  { engine, weights }: KernelContext,
  { backend, inputs, tensors }: KernelCall,
  to: Algorithm,
): Pointer =>
  weights.get(backend, inputs.filter!.dataId, `${inputs.filter!.shape} ${to.layout}`, to.floats, (into) =>
    to.pack(engine, tensors.values(inputs.filter!), into),
  );

function forward(context: KernelContext, call: KernelCall, geometryOf: ConvolutionGeometryOf): TensorInfo | NotTaken {
  const [x, filter] = [fourAxes(call, 'x', MAP), fourAxes(call, 'filter', FILTER)];
  const slopes = optionalNumbers(call, 'preluActivationWeights');
  checkFormat(call);
  const g = geometryOf(call, x.shape, filter.shape);
  const bias = biasOf(call, g.outChannels);
  const activation = activationOf(call.attrs.activation);
  if (activation === undefined || slopes) return new NotTaken(`activation '${call.attrs.activation}'`);
  const { tensors } = call;
  if (isEmpty(x.shape, filter.shape, outShape(g))) return withoutTerms(tensors, outShape(g), bias, activation);
  const algorithm = forwardAlgorithm(g);
  const packed = packFilter(context, call, algorithm);
  return tensors.take(algorithm.run(context.engine, tensors.values(x), packed, bias, activation), outShape(g));
}

function backpropInput(context: KernelContext, call: KernelCall, geometryOf: ConvolutionGeometryOf): TensorInfo {
  const [dy, filter] = [fourAxes(call, 'dy', MAP), fourAxes(call, 'filter', FILTER)];
  const inputShape = shapeAttribute(call, 'inputShape', MAP);
  checkFormat(call);
  const g = geometryOf(call, inputShape, filter.shape, dy);
  const { tensors } = call;
  if (isEmpty(dy.shape, filter.shape, inputShape)) return tensors.zeros(inputShape);
  const algorithm = inputGradientAlgorithm(g);
  const packed = packFilter(context, call, algorithm);
  const dx = algorithm.run(context.engine, tensors.values(dy), packed, undefined, Activation.linear);
  return tensors.take(dx, inputShape);
}

function backpropFilter({ engine }: KernelContext, call: KernelCall, geometryOf: ConvolutionGeometryOf): TensorInfo {
  const [x, dy] = [fourAxes(call, 'x', MAP), fourAxes(call, 'dy', MAP)];
  const filterShape = shapeAttribute(call, 'filterShape', FILTER);
  checkFormat(call);
  const g = geometryOf(call, x.shape, filterShape, dy);
  const { tensors } = call;
  if (isEmpty(x.shape, dy.shape, filterShape)) return tensors.zeros(filterShape);
  return tensors.take(filterGradientAlgorithm(g)(engine, g, tensors.values(x), tensors.values(dy)), filterShape);
}

/** Convolution kernels: tfjs' own, and ours with explicit padding, groups and gradients of dilated convolutions. */
export const convolution = ((context) => {
  const kernels = (geometry: ConvolutionGeometryOf) => ({
    forward: (call: KernelCall) => forward(context, call, geometry),
    input: (call: KernelCall) => backpropInput(context, call, geometry),
    filter: (call: KernelCall) => backpropFilter(context, call, geometry),
  });
  const tfjs = kernels(tfjsConvolutionGeometry);
  const depthwise = kernels(tfjsDepthwiseGeometry);
  const own = kernels(ownConvolutionGeometry);
  return {
    Conv2D: tfjs.forward,
    FusedConv2D: tfjs.forward,
    Conv2DBackpropInput: tfjs.input,
    Conv2DBackpropFilter: tfjs.filter,
    DepthwiseConv2dNativeBackpropInput: depthwise.input,
    DepthwiseConv2dNativeBackpropFilter: depthwise.filter,
    CnnzooConv2D: own.forward,
    CnnzooConv2DBackpropInput: own.input,
    CnnzooConv2DBackpropFilter: own.filter,
  };
}) satisfies KernelFamily;
