import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { ConvolutionGeometry } from '../ops/geometry.js';
import { checkPad, checkShape, misfit, paddingPairs, pair, pairOrNumber, wholeNumber } from './checks.js';
import type { KernelCall } from './registry.js';

type Shape4D = [number, number, number, number];
type Rounding = 'floor' | 'round' | 'ceil';

/**
 * Returns the geometry of a call, by the shapes of its input and its filter, [n, h, w, c] and as the kernel takes it.
 *
 * @param dy the gradient of the output, if the call has one: of the output's shape.
 * @throws {KernelError} if shapes or attributes do not fit.
 */
export type GeometryOf = (
  call: KernelCall,
  input: readonly number[],
  filter: readonly number[],
  dy?: TensorInfo,
) => ConvolutionGeometry;

export const outputShape = (g: ConvolutionGeometry): Shape4D => [g.images, g.outHeight, g.outWidth, g.outChannels];

/** The geometry of a convolution as tfjs' attributes say it. `filter` is [kh, kw, c / groups, o]. */
function computed(
  call: KernelCall,
  input: readonly number[],
  filter: readonly number[],
  groups: number,
  rounding: Rounding | undefined,
): ConvolutionGeometry {
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
  return {
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
  };
}

/** As `computed`; the gradients of tfjs are not told how sizes were rounded, but dy's shape tells it. */
function stockGeometry(
  call: KernelCall,
  input: readonly number[],
  filter: readonly number[],
  groups: number,
  dy: TensorInfo | undefined,
): ConvolutionGeometry {
  checkPad(call);
  const given = (call.attrs.dimRoundingMode as Rounding | null | undefined) ?? undefined;
  const roundings: readonly (Rounding | undefined)[] = dy && !given ? ['floor', 'round', 'ceil'] : [given];
  const all = roundings.map((rounding) => computed(call, input, filter, groups, rounding));
  const fitting = all.find((g) => !dy || outputShape(g).join() === dy.shape.join());
  if (dy && !fitting) checkShape(call, 'dy', dy, outputShape(all[0]!));
  return fitting ?? all[0]!;
}

/** The geometry of one of tfjs' convolutions, whose filter is [kh, kw, c, o]. */
export const geometryOf: GeometryOf = (call, input, filter, dy) => {
  if (filter[2] !== input[3])
    throw misfit(call, `a filter [kh, kw, ${input[3]}, o] for the ${input[3]} channels of [${input}]`, `[${filter}]`);
  return stockGeometry(call, input, filter, 1, dy);
};

/**
 * The geometry of one of tfjs' depthwise kernels: as many groups as channels. A filter [kh, kw, c, m] is that of a grouped
 * convolution, [kh, kw, 1, c * m], value by value.
 */
export const depthwiseGeometryOf: GeometryOf = (call, input, filter, dy) => {
  const [kernelHeight, kernelWidth, channels, multiplier] = filter as Shape4D;
  if (channels !== input[3])
    throw misfit(call, `a filter [kh, kw, ${input[3]}, m] for the ${input[3]} channels of [${input}]`, `[${filter}]`);
  return stockGeometry(call, input, [kernelHeight, kernelWidth, 1, channels * multiplier], channels, dy);
};

/**
 * The geometry of one of our kernels, `Cnnzoo...`, with the attributes `stride` and `dilation` as [height, width],
 * `padding` as [[top, bottom], [left, right]] and `groups`; the filter is [kh, kw, c / groups, o].
 */
export const ownGeometryOf: GeometryOf = (call, input, filter, dy) => {
  const [stride, dilation] = [pair(call, 'stride'), pair(call, 'dilation')];
  const [padding, groups] = [paddingPairs(call), wholeNumber(call, 'groups', 1)];
  const [images, inHeight, inWidth, inChannels] = input as Shape4D;
  const [kernelHeight, kernelWidth, perGroup, outChannels] = filter as Shape4D;
  if (perGroup * groups !== inChannels || outChannels % groups !== 0)
    throw misfit(
      call,
      `a filter [kh, kw, ${inChannels / groups}, a multiple of ${groups}] for the ${inChannels} channels of [${input}] ` +
        `in ${groups} groups`,
      `[${filter}]`,
    );
  const outSize = (axis: 0 | 1, size: number, kernel: number) =>
    Math.floor((size + padding[axis][0] + padding[axis][1] - (kernel - 1) * dilation[axis] - 1) / stride[axis]) + 1;
  const g: ConvolutionGeometry = {
    images,
    inHeight,
    inWidth,
    inChannels,
    outHeight: outSize(0, inHeight, kernelHeight),
    outWidth: outSize(1, inWidth, kernelWidth),
    outChannels,
    kernelHeight,
    kernelWidth,
    strideHeight: stride[0],
    strideWidth: stride[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    top: padding[0][0],
    left: padding[1][0],
    groups,
  };
  if (g.outHeight < 1 || g.outWidth < 1 || inHeight < 1 || inWidth < 1 || kernelHeight < 1 || kernelWidth < 1)
    throw misfit(
      call,
      'images that the filter, dilated, goes into with their padding',
      `[${input}], padded by ${JSON.stringify(padding)}, under a filter [${filter}] dilated by [${dilation}]`,
    );
  if (dy) checkShape(call, 'dy', dy, outputShape(g));
  return g;
};
