import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { KernelError } from '../errors.js';
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient, type PoolGeometry } from '../ops/pool.js';
import { notFloats } from './floats.js';
import type { KernelCall, KernelFamily } from './registry.js';

type Shape4D = [number, number, number, number];

/** Attributes of tfjs' pooling kernels. */
interface StockAttributes {
  readonly filterSize: [number, number] | number;
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Attributes of CnnzooMaxPool, CnnzooAvgPool and their gradients. */
interface PoolAttributes {
  /** [height, width] in pixels, as `stride`. */
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  /** [[top, bottom], [left, right]] in pixels; what a ceiling of the output's size needs is added by the caller. */
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
}

/** The windows of tfjs' kernels. Their gradients are not told how sizes were rounded: the gradient's shape tells it. */
function stockGeometry(call: KernelCall, input: TensorInfo, output?: TensorInfo): PoolGeometry {
  const { filterSize, strides, pad, dimRoundingMode } = call.attrs as unknown as StockAttributes;
  const info = backend_util.computePool2DInfo(input.shape as Shape4D, filterSize, strides, 1, pad, dimRoundingMode);
  const [, outHeight, outWidth] = output ? (output.shape as Shape4D) : info.outShape;
  return {
    batch: info.batchSize,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    channels: info.inChannels,
    outHeight,
    outWidth,
    kernelHeight: info.filterHeight,
    kernelWidth: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    padTop: info.padInfo.top,
    padLeft: info.padInfo.left,
  };
}

/** The windows of our own kernels. */
function geometryOf({ attrs }: KernelCall, shape: readonly number[], output?: TensorInfo): PoolGeometry {
  const { kernelSize, stride, padding } = attrs as unknown as PoolAttributes;
  const [batch, inHeight, inWidth, channels] = shape as Shape4D;
  const windows = (axis: 0 | 1, extent: number): number => {
    const [before, after] = padding[axis];
    return Math.floor((extent + before + after - kernelSize[axis]) / stride[axis]) + 1;
  };
  const [outHeight, outWidth] = [windows(0, inHeight), windows(1, inWidth)];
  if (!(outHeight > 0 && outWidth > 0))
    throw new KernelError(
      `Pooling expects padded maps of at least ${kernelSize.join(' x ')} pixels (the kernel); these are ` +
        `${inHeight} x ${inWidth} pixels, padded by ${JSON.stringify(padding)}. Use larger images or a smaller kernel.`,
    );
  const expected = [batch, outHeight, outWidth, channels].join();
  if (output && output.shape.join() !== expected)
    throw new KernelError(`The pooling's gradient expects dy of shape [${expected}], not [${output.shape}].`);
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
    const x = call.inputs.x!;
    const geometry = stockGeometry(call, x);
    return notFloats(call) ?? tensors.take(maxPool(engine, geometry, tensors.put(x)), outShape(geometry));
  },

  MaxPoolGrad(call) {
    const { engine, tensors } = call.local;
    const { dy, input } = call.inputs as { dy: TensorInfo; input: TensorInfo };
    const geometry = stockGeometry(call, input, dy);
    const dx = () => maxPoolGradient(engine, geometry, tensors.put(input), tensors.put(dy), false);
    return notFloats(call) ?? tensors.take(dx(), input.shape);
  },

  AvgPool(call) {
    const { engine, tensors } = call.local;
    const x = call.inputs.x!;
    const geometry = stockGeometry(call, x);
    const y = () => averagePool(engine, geometry, tensors.put(x), false);
    return notFloats(call) ?? tensors.take(y(), outShape(geometry));
  },

  AvgPoolGrad(call) {
    const { engine, tensors } = call.local;
    const { dy, input } = call.inputs as { dy: TensorInfo; input: TensorInfo };
    const geometry = stockGeometry(call, input, dy);
    // tfjs' gradient divides by the whole kernel, although its average does not count the padding.
    const dx = () => averagePoolGradient(engine, geometry, tensors.put(dy), true);
    return notFloats(call) ?? tensors.take(dx(), input.shape);
  },

  /** Inputs: x [n, h, w, c]. The padding counts as -Infinity. Result: [n, h', w', c]. */
  CnnzooMaxPool(call) {
    const { engine, tensors } = call.local;
    const x = call.inputs.x!;
    const geometry = geometryOf(call, x.shape);
    return notFloats(call) ?? tensors.take(maxPool(engine, geometry, tensors.put(x)), outShape(geometry));
  },

  /** Inputs: dy [n, h', w', c], x [n, h, w, c]. Result: dx [n, h, w, c]. */
  CnnzooMaxPoolGrad(call) {
    const { engine, tensors } = call.local;
    const { dy, x } = call.inputs as { dy: TensorInfo; x: TensorInfo };
    const geometry = geometryOf(call, x.shape, dy);
    const dx = () => maxPoolGradient(engine, geometry, tensors.put(x), tensors.put(dy), true);
    return notFloats(call) ?? tensors.take(dx(), x.shape);
  },

  /** Inputs: x [n, h, w, c]. Attribute `countIncludePad`: whether the padding counts, as zeros. */
  CnnzooAvgPool(call) {
    const { engine, tensors } = call.local;
    const x = call.inputs.x!;
    const geometry = geometryOf(call, x.shape);
    const y = () => averagePool(engine, geometry, tensors.put(x), call.attrs.countIncludePad as boolean);
    return notFloats(call) ?? tensors.take(y(), outShape(geometry));
  },

  /** Inputs: dy [n, h', w', c]. Attributes: those of CnnzooAvgPool, and `inputShape` [n, h, w, c]. Result: dx. */
  CnnzooAvgPoolGrad(call) {
    const { engine, tensors } = call.local;
    const dy = call.inputs.dy!;
    const inputShape = call.attrs.inputShape as number[];
    const geometry = geometryOf(call, inputShape, dy);
    const countIncludePad = call.attrs.countIncludePad as boolean;
    const dx = () => averagePoolGradient(engine, geometry, tensors.put(dy), countIncludePad);
    return notFloats(call) ?? tensors.take(dx(), inputShape);
  },
});
