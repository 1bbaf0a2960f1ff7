import { util } from '@tensorflow/tfjs-core';
import type { Pointer } from '../engine/engine.js';
import {
  type Algorithm,
  filterGradientAlgorithm,
  forwardAlgorithm,
  inputGradientAlgorithm,
} from '../ops/algorithms.js';
import type { ConvolutionGeometry } from '../ops/geometry.js';
import { Activation } from '../ops/product.js';
import { activationOf } from './activation.js';
import { depthwiseGeometryOf, geometryOf, ownGeometryOf } from './convolution-geometry.js';
import { notFloats } from './floats.js';
import { type KernelCall, type KernelContext, type KernelFamily, NotTaken } from './registry.js';

const shapes = {
  output: (g: ConvolutionGeometry) => [g.images, g.outHeight, g.outWidth, g.outChannels],
  input: (g: ConvolutionGeometry) => [g.images, g.inHeight, g.inWidth, g.inChannels],
  filter: (g: ConvolutionGeometry) => [g.kernelHeight, g.kernelWidth, g.inChannels / g.groups, g.outChannels],
};

/** What the kernels do not compute: other numbers than float32, and shapes without a value. */
function refused(g: ConvolutionGeometry, call: KernelCall): NotTaken | undefined {
  const sizes = [...shapes.output(g), ...shapes.input(g), ...shapes.filter(g)];
  if (!sizes.every((size) => Number.isInteger(size) && size > 0) || g.outChannels % g.groups !== 0)
    return new NotTaken(
      `input [${shapes.input(g)}] with filter [${shapes.filter(g)}] in ${g.groups} groups, which gives [${shapes.output(g)}]`,
    );
  return notFloats(call);
}

/** The filter of a call as the algorithm wants it. First of all that a kernel does: it may reset the arena. */
const packFilter = (
  { engine, weights }: KernelContext,
  { backend, inputs, tensors }: KernelCall,
  to: Algorithm,
): Pointer =>
  weights.get(backend, inputs.filter!.dataId, to.layout, to.floats, (into) =>
    to.pack(engine, tensors.values(inputs.filter!), into),
  );

function forward(context: KernelContext, call: KernelCall, g: ConvolutionGeometry | NotTaken) {
  if (g instanceof NotTaken) return g;
  const { x, bias, preluActivationWeights } = call.inputs;
  const activation = activationOf(call.attrs.activation);
  if (activation === undefined || preluActivationWeights) return new NotTaken(`activation '${call.attrs.activation}'`);
  if (bias && util.sizeFromShape(bias.shape) !== g.outChannels) return new NotTaken(`a bias of shape [${bias.shape}]`);
  const no = refused(g, call);
  if (no) return no;
  const { tensors } = call;
  const algorithm = forwardAlgorithm(g);
  const packed = packFilter(context, call, algorithm);
  const y = algorithm.run(context.engine, tensors.values(x!), packed, bias && tensors.values(bias), activation);
  return tensors.take(y, shapes.output(g));
}

function backpropInput(context: KernelContext, call: KernelCall, g: ConvolutionGeometry | NotTaken) {
  if (g instanceof NotTaken) return g;
  const { dy } = call.inputs;
  const no = refused(g, call);
  if (no) return no;
  const { tensors } = call;
  const algorithm = inputGradientAlgorithm(g);
  const packed = packFilter(context, call, algorithm);
  const dx = algorithm.run(context.engine, tensors.values(dy!), packed, undefined, Activation.linear);
  return tensors.take(dx, shapes.input(g));
}

function backpropFilter(
  { engine }: KernelContext,
  call: KernelCall,
  g: ConvolutionGeometry | NotTaken,
  shape: readonly number[],
) {
  if (g instanceof NotTaken) return g;
  const { x, dy } = call.inputs;
  const no = refused(g, call);
  if (no) return no;
  const { tensors } = call;
  return tensors.take(filterGradientAlgorithm(g)(engine, g, tensors.values(x!), tensors.values(dy!)), shape);
}

const attribute = (call: KernelCall, name: string): readonly number[] => call.attrs[name] as number[];

/**
 * tfjs' own convolutions, and the same with explicit padding, dilated gradients and groups, under our names:
 *
 * - `CnnzooConv2D`: x, filter, optional bias [o]; attribute `activation` too ('linear', 'relu', 'relu6').
 * - `CnnzooConv2DBackpropInput`: dy, filter; attribute `inputShape` too.
 * - `CnnzooConv2DBackpropFilter`: x, dy; attribute `filterShape` too.
 */
export const convolution: KernelFamily = (context) => {
  const kernels = (geometry: typeof geometryOf) => ({
    forward: (call: KernelCall) =>
      forward(context, call, geometry(call.inputs.x!.shape, call.inputs.filter!.shape, call.attrs)),
    input: (call: KernelCall) =>
      backpropInput(context, call, geometry(attribute(call, 'inputShape'), call.inputs.filter!.shape, call.attrs)),
    filter: (call: KernelCall) =>
      backpropFilter(
        context,
        call,
        geometry(call.inputs.x!.shape, attribute(call, 'filterShape'), call.attrs),
        attribute(call, 'filterShape'),
      ),
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
