import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Pointer } from '../engine/engine.js';
import { KernelError } from '../errors.js';
import {
  type Algorithm,
  filterGradientAlgorithm,
  forwardAlgorithm,
  inputGradientAlgorithm,
} from '../ops/algorithms.js';
import { Activation } from '../ops/product.js';
import { activationOf } from './activation.js';
import { biasOf } from './bias.js';
import { checkRank, numbers, optionalNumbers, shapeAttribute } from './checks.js';
import {
  depthwiseGeometryOf,
  type GeometryOf,
  geometryOf,
  outputShape,
  ownGeometryOf,
} from './convolution-geometry.js';
import { type KernelCall, type KernelContext, type KernelFamily, NotTaken } from './registry.js';
import { withoutTerms } from './without-terms.js';

const FILTER = 'kh, kw, c, o';
const MAP = 'n, h, w, c';

/** Returns a float32 input of four axes. */
function fourAxes(call: KernelCall, name: string, axes: string): TensorInfo {
  const tensor = numbers(call, name);
  checkRank(call, name, tensor, axes);
  return tensor;
}

/** Throws unless the channels of a call are its last axis: tfjs' wasm backend has no other convolutions. */
function checkFormat(call: KernelCall): void {
  const { dataFormat = 'NHWC' } = call.attrs;
  if (dataFormat !== 'NHWC')
    throw new KernelError(`${call.name} on the wasm backend does not take dataFormat '${dataFormat}', only 'NHWC'.`);
}

const isEmpty = (...shapes: (readonly number[])[]): boolean => shapes.some((shape) => shape.includes(0));

/** The filter of a call as the algorithm wants it. First of all that a kernel does: it may reset the arena. */
const packFilter = (
  { engine, weights }: KernelContext,
  { backend, inputs, tensors }: KernelCall,
  to: Algorithm,
): Pointer =>
  weights.get(backend, inputs.filter!.dataId, `${inputs.filter!.shape} ${to.layout}`, to.floats, (into) =>
    to.pack(engine, tensors.values(inputs.filter!), into),
  );

function forward(context: KernelContext, call: KernelCall, geometryOf: GeometryOf): TensorInfo | NotTaken {
  const [x, filter] = [fourAxes(call, 'x', MAP), fourAxes(call, 'filter', FILTER)];
  const slopes = optionalNumbers(call, 'preluActivationWeights');
  checkFormat(call);
  const g = geometryOf(call, x.shape, filter.shape);
  const bias = biasOf(call, g.outChannels);
  const activation = activationOf(call.attrs.activation);
  if (activation === undefined || slopes) return new NotTaken(`activation '${call.attrs.activation}'`);
  const { tensors } = call;
  if (isEmpty(x.shape, filter.shape, outputShape(g))) return withoutTerms(tensors, outputShape(g), bias, activation);
  const algorithm = forwardAlgorithm(g);
  const packed = packFilter(context, call, algorithm);
  return tensors.take(algorithm.run(context.engine, tensors.values(x), packed, bias, activation), outputShape(g));
}

function backpropInput(context: KernelContext, call: KernelCall, geometryOf: GeometryOf): TensorInfo {
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

function backpropFilter({ engine }: KernelContext, call: KernelCall, geometryOf: GeometryOf): TensorInfo {
  const [x, dy] = [fourAxes(call, 'x', MAP), fourAxes(call, 'dy', MAP)];
  const filterShape = shapeAttribute(call, 'filterShape', FILTER);
  checkFormat(call);
  const g = geometryOf(call, x.shape, filterShape, dy);
  const { tensors } = call;
  if (isEmpty(x.shape, dy.shape, filterShape)) return tensors.zeros(filterShape);
  return tensors.take(filterGradientAlgorithm(g)(engine, g, tensors.values(x), tensors.values(dy)), filterShape);
}

/**
 * tfjs' own convolutions, and the same with explicit padding, dilated gradients and groups, under our names:
 *
 * - `CnnzooConv2D`: x, filter, optional bias [o]; attribute `activation` too ('linear', 'relu', 'relu6').
 * - `CnnzooConv2DBackpropInput`: dy, filter; attribute `inputShape` too.
 * - `CnnzooConv2DBackpropFilter`: x, dy; attribute `filterShape` too.
 */
export const convolution: KernelFamily = (context) => {
  const kernels = (geometry: GeometryOf) => ({
    forward: (call: KernelCall) => forward(context, call, geometry),
    input: (call: KernelCall) => backpropInput(context, call, geometry),
    filter: (call: KernelCall) => backpropFilter(context, call, geometry),
  });
  const tfjs = kernels(geometryOf);
  const depthwise = kernels(depthwiseGeometryOf);
  const own = kernels(ownGeometryOf);
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
};
