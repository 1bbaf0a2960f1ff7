import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Pair } from '../contract.js';
import type { Geometry } from '../ops/index.js';
import { checkPad, checkShape, misfit, paddingPairs, pair, pairOrNumber, wholeNumber } from './checks.js';
import type { KernelCall, OwnCall } from './registry.js';

type Shape4D = [number, number, number, number];
type Rounding = 'floor' | 'round' | 'ceil';

/**
 * Returns the geometry of a convolution from its input [n, h, w, c] and its filter in the kernel's own layout.
 *
 * @param dy gradient of the output, if the call has one; checked against the output's shape
 * @throws {KernelError} if shapes or attributes do not fit
 */
export type ConvolutionGeometryOf<Call extends KernelCall = KernelCall> = (
  call: Call,
  input: readonly number[],
  filter: readonly number[],
  dy?: TensorInfo,
) => Geometry;

/** Shape of the output, [n, h', w', c']. */
export const outShape = (g: Geometry): Shape4D => [g.images, g.outHeight, g.outWidth, g.outChannels];

/** Converts the geometry that tfjs computed for one of its kernels. */
const geometryOfTfjs = (info: backend_util.Conv2DInfo, groups: number): Geometry => ({
  images: info.batchSize,
  inHeight: info.inHeight,
  inWidth: info.inWidth,
  inChannels: info.inChannels,
  outHeight: info.outHeight,
  outWidth: info.outWidth,
  outChannels: info.outChannels,
  kernelHeight: info.filterHeight,
  kernelWidth: info.filterWidth,
  strideHeight: info.strideHeight,
  strideWidth: info.strideWidth,
  dilationHeight: info.dilationHeight,
  dilationWidth: info.dilationWidth,
  top: info.padInfo.top,
  left: info.padInfo.left,
  groups,
});

/** Returns the first geometry whose output has dy's shape. tfjs does not tell its gradients how sizes were rounded. */
function fittingGeometry(call: KernelCall, all: readonly Geometry[], dy: TensorInfo | undefined): Geometry {
  const fitting = all.find((g) => !dy || outShape(g).join() === dy.shape.join());
  if (dy && !fitting) checkShape(call, 'dy', dy, outShape(all[0]!));
  return fitting ?? all[0]!;
}

/** Returns the geometry that tfjs' attributes describe. `filter` is [kh, kw, c / groups, o]. */
function tfjsConvolution(
  call: KernelCall,
  input: readonly number[],
  filter: readonly number[],
  groups: number,
  dy: TensorInfo | undefined,
): Geometry {
  checkPad(call);
  const given = (call.attrs.dimRoundingMode as Rounding | null | undefined) ?? undefined;
  const roundings: readonly (Rounding | undefined)[] = dy && !given ? ['floor', 'round', 'ceil'] : [given];
  const all = roundings.map((rounding) => {
    const info = backend_util.computeConv2DInfo(
      input as Shape4D,
      filter as Shape4D,
      [...pairOrNumber(call, 'strides')] as [number, number],
      [...pairOrNumber(call, 'dilations', 1)] as [number, number],
      call.attrs.pad as 'valid',
      rounding,
    );
    if (info.outHeight < 0 || info.outWidth < 0)
      throw misfit(call, `images of at least ${filter[0]} x ${filter[1]} pixels, the filter's`, `[${input}]`);
    return geometryOfTfjs(info, groups);
  });
  return fittingGeometry(call, all, dy);
}

/** Returns the geometry of a tfjs convolution with a filter [kh, kw, c, o]. */
export const tfjsConvolutionGeometry: ConvolutionGeometryOf = (call, input, filter, dy) => {
  if (filter[2] !== input[3])
    throw misfit(call, `a filter [kh, kw, ${input[3]}, o] for the ${input[3]} channels of [${input}]`, `[${filter}]`);
  return tfjsConvolution(call, input, filter, 1, dy);
};

/**
 * Returns the geometry of a tfjs depthwise convolution: one group a channel. Its filter [kh, kw, c, m] holds the same
 * values, in the same order, as the grouped filter [kh, kw, 1, c * m].
 */
export const tfjsDepthwiseGeometry: ConvolutionGeometryOf = (call, input, filter, dy) => {
  const [kernelHeight, kernelWidth, channels, multiplier] = filter as Shape4D;
  if (channels !== input[3])
    throw misfit(call, `a filter [kh, kw, ${input[3]}, m] for the ${input[3]} channels of [${input}]`, `[${filter}]`);
  return tfjsConvolution(call, input, [kernelHeight, kernelWidth, 1, channels * multiplier], channels, dy);
};

/** Returns the geometry of a tfjs pooling. */
function tfjsPool(call: KernelCall, { shape }: TensorInfo, rounding: Rounding | undefined): Geometry {
  checkPad(call);
  const info = backend_util.computePool2DInfo(
    shape as Shape4D,
    [...pairOrNumber(call, 'filterSize')] as [number, number],
    [...pairOrNumber(call, 'strides')] as [number, number],
    1,
    call.attrs.pad as 'valid' | 'same' | number | backend_util.ExplicitPadding,
    rounding,
  );
  if (info.outHeight < 0 || info.outWidth < 0)
    throw misfit(call, `maps of at least ${info.filterHeight} x ${info.filterWidth} pixels`, `[${shape}]`);
  return geometryOfTfjs(info, info.inChannels);
}

/** Returns the geometry of a tfjs pooling in the forward direction. */
export const tfjsPoolGeometry = (call: KernelCall, x: TensorInfo): Geometry =>
  tfjsPool(call, x, call.attrs.dimRoundingMode as Rounding | undefined);

/** Returns the geometry of the gradient of a tfjs pooling. */
export function tfjsPoolGradientGeometry(call: KernelCall, x: TensorInfo, dy: TensorInfo): Geometry {
  const roundings: readonly Rounding[] = typeof call.attrs.pad === 'number' ? ['floor', 'round', 'ceil'] : ['floor'];
  return fittingGeometry(
    call,
    roundings.map((rounding) => tfjsPool(call, x, rounding)),
    dy,
  );
}

type OwnConvolution = 'CnnzooConv2D' | 'CnnzooConv2DBackpropInput' | 'CnnzooConv2DBackpropFilter';
type OwnPool = 'CnnzooMaxPool' | 'CnnzooMaxPoolGrad' | 'CnnzooAvgPool' | 'CnnzooAvgPoolGrad';

/** Returns the windows of one of our kernels over maps [n, h, w, c]. Throws if not a single window fits. */
function ownWindows(
  call: OwnCall<OwnConvolution | OwnPool>,
  shape: readonly number[],
  kernel: Pair,
  dilation: Pair,
): Omit<Geometry, 'outChannels' | 'groups'> & { readonly isAny: boolean } {
  const stride = pair(call, 'stride');
  const padding = paddingPairs(call);
  const [images, inHeight, inWidth, inChannels] = shape as Shape4D;
  const windows = (axis: 0 | 1, size: number): number => {
    const [before, after] = padding[axis];
    return Math.floor((size + before + after - (kernel[axis] - 1) * dilation[axis] - 1) / stride[axis]) + 1;
  };
  const [outHeight, outWidth] = [windows(0, inHeight), windows(1, inWidth)];
  return {
    images,
    inHeight,
    inWidth,
    inChannels,
    outHeight,
    outWidth,
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    top: padding[0][0],
    left: padding[1][0],
    isAny: [outHeight, outWidth, inHeight, inWidth, ...kernel].every((extent) => extent >= 1),
  };
}

/** Returns the geometry of one of our convolutions. The filter is [kh, kw, c / groups, o]. */
export const ownConvolutionGeometry: ConvolutionGeometryOf<OwnCall<OwnConvolution>> = (call, input, filter, dy) => {
  const dilation = pair(call, 'dilation');
  const groups = wholeNumber(call, 'groups', 1);
  const [kernelHeight, kernelWidth, perGroup, outChannels] = filter as Shape4D;
  const inChannels = input[3]!;
  if (perGroup * groups !== inChannels || outChannels % groups !== 0)
    throw misfit(
      call,
      `a filter [kh, kw, ${inChannels / groups}, a multiple of ${groups}] for the ${inChannels} channels of [${input}] ` +
        `in ${groups} groups`,
      `[${filter}]`,
    );
  const { isAny, ...windows } = ownWindows(call, input, [kernelHeight, kernelWidth], dilation);
  if (!isAny)
    throw misfit(
      call,
      'images that the filter, dilated, goes into with their padding',
      `[${input}], padded by ${JSON.stringify(call.attrs.padding)}, under a filter [${filter}] dilated by [${dilation}]`,
    );
  const g = { ...windows, outChannels, groups };
  if (dy) checkShape(call, 'dy', dy, outShape(g));
  return g;
};

/**
 * Returns the geometry of one of our poolings over maps of a shape. For an output size that is rounded up, the caller
 * has already enlarged the padding.
 *
 * @param dy gradient of the output, if the call has one
 */
export function ownPoolGeometry(call: OwnCall<OwnPool>, shape: readonly number[], dy?: TensorInfo): Geometry {
  const kernelSize = pair(call, 'kernelSize');
  const { isAny, ...windows } = ownWindows(call, shape, kernelSize, [1, 1]);
  if (!isAny)
    throw misfit(
      call,
      `maps that are, padded, of at least ${kernelSize.join(' x ')} pixels (the kernel)`,
      `${windows.inHeight} x ${windows.inWidth} pixels padded by ${JSON.stringify(call.attrs.padding)}: use larger images ` +
        'or a smaller kernel',
    );
  const g = { ...windows, outChannels: windows.inChannels, groups: windows.inChannels };
  if (dy) checkShape(call, 'dy', dy, outShape(g));
  return g;
}
