import { backend_util, type NamedAttrMap } from '@tensorflow/tfjs-core';
import type { ConvolutionGeometry } from '../ops/geometry.js';
import { NotTaken } from './registry.js';

type Shape4D = [number, number, number, number];
type Attributes = Readonly<Record<string, unknown>>;

/** The geometry of one of tfjs' own kernels. */
export function geometryOf(
  input: readonly number[],
  filter: readonly number[],
  attrs: NamedAttrMap,
): ConvolutionGeometry | NotTaken {
  const { strides, pad, dilations, dimRoundingMode, dataFormat } = attrs as Attributes;
  if (dataFormat === 'NCHW') return new NotTaken("dataFormat 'NCHW'");
  const info = backend_util.computeConv2DInfo(
    input as Shape4D,
    filter as Shape4D,
    strides as number,
    (dilations as number | undefined) ?? 1,
    pad as 'valid',
    dimRoundingMode as 'floor' | undefined,
  );
  const { padInfo, inChannels } = info;
  return {
    images: info.batchSize,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    outChannels: info.outChannels,
    kernelHeight: info.filterHeight,
    kernelWidth: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    dilationHeight: info.dilationHeight,
    dilationWidth: info.dilationWidth,
    top: padInfo.top,
    left: padInfo.left,
    groups: inChannels / filter[2]!,
  };
}

/**
 * The geometry of one of tfjs' depthwise kernels: as many groups as channels. A filter [kh, kw, c, m] is that of a grouped
 * convolution, [kh, kw, 1, c * m], value by value.
 */
export function depthwiseGeometryOf(
  input: readonly number[],
  [kernelHeight, kernelWidth, channels, multiplier]: readonly number[],
  attrs: NamedAttrMap,
): ConvolutionGeometry | NotTaken {
  return geometryOf(input, [kernelHeight!, kernelWidth!, 1, channels! * multiplier!], attrs);
}

/** Attributes of `CnnzooConv2D`, `CnnzooConv2DBackpropInput` and `CnnzooConv2DBackpropFilter`. */
export interface OwnAttributes {
  /** Each as [height, width]. */
  readonly stride: readonly [number, number];
  /** [[top, bottom], [left, right]] */
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
  readonly dilation: readonly [number, number];
  /** The filter is [kh, kw, c / groups, o]. */
  readonly groups: number;
}

/** The geometry of one of our kernels, `Cnnzoo...`. */
export function ownGeometryOf(
  input: readonly number[],
  filter: readonly number[],
  attrs: NamedAttrMap,
): ConvolutionGeometry {
  const { stride, padding, dilation, groups } = attrs as unknown as OwnAttributes;
  const [images, inHeight, inWidth, inChannels] = input as Shape4D;
  const [kernelHeight, kernelWidth, , outChannels] = filter as Shape4D;
  const outSize = (axis: 0 | 1, size: number, kernel: number) =>
    Math.floor((size + padding[axis][0] + padding[axis][1] - (kernel - 1) * dilation[axis] - 1) / stride[axis]) + 1;
  return {
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
}
