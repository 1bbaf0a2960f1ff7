import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient, type PoolGeometry } from '../ops/pool.js';
import {
  checkPad,
  checkRank,
  checkShape,
  flag,
  misfit,
  numbers,
  optionalNumbers,
  paddingPairs,
  pair,
  pairOrNumber,
  shapeAttribute,
} from './checks.js';
import type { KernelCall, KernelFamily } from './registry.js';

type Shape4D = [number, number, number, number];

type Rounding = 'floor' | 'round' | 'ceil';

const AXES = 'n, h, w, c';

/** Returns a float32 input [n, h, w, c]. */
function mapOf(call: KernelCall, name: string): TensorInfo {
  const map = numbers(call, name);
  checkRank(call, name, map, AXES);
  return map;
}

/** The windows of tfjs' kernels. */
function stockWindows(call: KernelCall, { shape }: TensorInfo, rounding: Rounding | undefined): PoolGeometry {
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
  return {
    batch: info.batchSize,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    channels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    kernelHeight: info.filterHeight,
    kernelWidth: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    padTop: info.padInfo.top,
    padLeft: info.padInfo.left,
  };
}

/** The windows of tfjs' forward kernels. */
const stockGeometry = (call: KernelCall, x: TensorInfo): PoolGeometry =>
  stockWindows(call, x, call.attrs.dimRoundingMode as Rounding | undefined);

/** The windows of tfjs' gradients, which are not told how sizes were rounded: the gradient's shape tells it. */
function stockGradientGeometry(call: KernelCall, x: TensorInfo, dy: TensorInfo): PoolGeometry {
  const roundings: readonly Rounding[] = typeof call.attrs.pad === 'number' ? ['floor', 'round', 'ceil'] : ['floor'];
  const all = roundings.map((rounding) => stockWindows(call, x, rounding));
  const fitting = all.find((windows) => outShape(windows).join() === dy.shape.join());
  if (!fitting) checkShape(call, 'dy', dy, outShape(all[0]!));
  return fitting ?? all[0]!;
}

/** The windows of our own kernels over maps of a shape; what a ceiling of the output's size needs is in the padding. */
function geometryOf(call: KernelCall, shape: readonly number[]): PoolGeometry {
  const [kernelSize, stride] = [pair(call, 'kernelSize'), pair(call, 'stride')];
  const padding = paddingPairs(call);
  const [batch, inHeight, inWidth, channels] = shape as Shape4D;
  const windows = (axis: 0 | 1, extent: number): number => {
    const [before, after] = padding[axis];
    return Math.floor((extent + before + after - kernelSize[axis]) / stride[axis]) + 1;
  };
  const [outHeight, outWidth] = [windows(0, inHeight), windows(1, inWidth)];
  if (!(outHeight > 0 && outWidth > 0 && inHeight > 0 && inWidth > 0))
    throw misfit(
      call,
      `maps that are, padded, of at least ${kernelSize.join(' x ')} pixels (the kernel)`,
      `${inHeight} x ${inWidth} pixels padded by ${JSON.stringify(padding)}: use larger images or a smaller kernel`,
    );
  return {
    batch,
    inHeight,
    inWidth,
    channels,
    outHeight,
    outWidth,
    kernelHeight: kernelSize[0],
    kernelWidth: kernelSize[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    padTop: padding[0][0],
    padLeft: padding[1][0],
  };
}

/** As `geometryOf`, of a gradient whose dy has to fit. */
function gradientGeometryOf(call: KernelCall, shape: readonly number[], dy: TensorInfo): PoolGeometry {
  const geometry = geometryOf(call, shape);
  checkShape(call, 'dy', dy, outShape(geometry));
  return geometry;
}

const outShape = ({ batch, outHeight, outWidth, channels }: PoolGeometry): Shape4D => [
  batch,
  outHeight,
  outWidth,
  channels,
];

/** Pooling and its gradients: tfjs' kernels, and those of PyTorch's meaning under names of our own. */
export const pool: KernelFamily = () => ({
  MaxPool(call) {
    const { engine, tensors } = call.local;
    const x = mapOf(call, 'x');
    const geometry = stockGeometry(call, x);
    return tensors.take(maxPool(engine, geometry, tensors.put(x)), outShape(geometry));
  },

  MaxPoolGrad(call) {
    const { engine, tensors } = call.local;
    const [dy, x] = [mapOf(call, 'dy'), mapOf(call, 'input')];
    const geometry = stockGradientGeometry(call, x, dy);
    const output = optionalNumbers(call, 'output');
    if (output) checkShape(call, 'output', output, dy.shape, " of dy's shape");
    return tensors.take(maxPoolGradient(engine, geometry, tensors.put(x), tensors.put(dy)), x.shape);
  },

  AvgPool(call) {
    const { engine, tensors } = call.local;
    const x = mapOf(call, 'x');
    const geometry = stockGeometry(call, x);
    return tensors.take(averagePool(engine, geometry, tensors.put(x), false), outShape(geometry));
  },

  AvgPoolGrad(call) {
    const { engine, tensors } = call.local;
    const [dy, x] = [mapOf(call, 'dy'), mapOf(call, 'input')];
    const geometry = stockGradientGeometry(call, x, dy);
    // tfjs' gradient divides by the whole kernel, although its average does not count the padding.
    return tensors.take(averagePoolGradient(engine, geometry, tensors.put(dy), true), x.shape);
  },

  /** Inputs: x [n, h, w, c]. The padding counts as -Infinity. Result: [n, h', w', c]. */
  CnnzooMaxPool(call) {
    const { engine, tensors } = call.local;
    const x = mapOf(call, 'x');
    const geometry = geometryOf(call, x.shape);
    return tensors.take(maxPool(engine, geometry, tensors.put(x)), outShape(geometry));
  },

  /** Inputs: dy [n, h', w', c], x [n, h, w, c]. Result: dx [n, h, w, c]. */
  CnnzooMaxPoolGrad(call) {
    const { engine, tensors } = call.local;
    const [dy, x] = [mapOf(call, 'dy'), mapOf(call, 'x')];
    const geometry = gradientGeometryOf(call, x.shape, dy);
    return tensors.take(maxPoolGradient(engine, geometry, tensors.put(x), tensors.put(dy)), x.shape);
  },

  /** Inputs: x [n, h, w, c]. Attribute `countIncludePad`: whether the padding counts, as zeros. */
  CnnzooAvgPool(call) {
    const { engine, tensors } = call.local;
    const x = mapOf(call, 'x');
    const geometry = geometryOf(call, x.shape);
    const countIncludePad = flag(call, 'countIncludePad');
    return tensors.take(averagePool(engine, geometry, tensors.put(x), countIncludePad), outShape(geometry));
  },

  /** Inputs: dy [n, h', w', c]. Attributes: those of CnnzooAvgPool, and `inputShape` [n, h, w, c]. Result: dx. */
  CnnzooAvgPoolGrad(call) {
    const { engine, tensors } = call.local;
    const dy = mapOf(call, 'dy');
    const inputShape = shapeAttribute(call, 'inputShape', AXES);
    const geometry = gradientGeometryOf(call, inputShape, dy);
    const countIncludePad = flag(call, 'countIncludePad');
    return tensors.take(averagePoolGradient(engine, geometry, tensors.put(dy), countIncludePad), inputShape);
  },
});
