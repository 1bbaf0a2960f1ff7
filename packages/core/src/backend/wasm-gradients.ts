/*
 * tfjs-backend-wasm 4.22 has no filter gradient of a convolution and no gradients of a depthwise one; its input gradient
 * is a plain loop; its max-pool gradient is wrong with padding, and where a window's values are negative. These stand
 * in, in their simple form, made of kernels that it has, until threaded kernels replace them.
 */
import * as tf from '@tensorflow/tfjs-core';

type Shape4D = [number, number, number, number];

/** What the gradients' attributes have in common. */
type WindowAttrs = Pick<tf.Conv2DBackpropFilterAttrs, 'strides' | 'pad' | 'dimRoundingMode'>;

const windowOf = (x: readonly number[], filter: readonly number[], attrs: WindowAttrs, depthwise = false) =>
  tf.backend_util.computeConv2DInfo(
    x as Shape4D,
    filter as Shape4D,
    attrs.strides,
    1,
    // It takes explicit padding too, as the forward kernels do; its type is too narrow.
    attrs.pad as 'valid',
    attrs.dimRoundingMode,
    depthwise,
  );

type Window = ReturnType<typeof windowOf>;

const paddingOf = ({ padInfo }: Window): [[number, number], [number, number], [number, number], [number, number]] => [
  [0, 0],
  [padInfo.top, padInfo.bottom],
  [padInfo.left, padInfo.right],
  [0, 0],
];

/** A gradient kernel over whole tensors, which the engine hands over whatever the type of a kernel says. */
const kernel =
  <Inputs extends Record<string, tf.Tensor4D>, Attrs>(gradient: (inputs: Inputs, attrs: Attrs) => tf.Tensor) =>
  ({ inputs, attrs }: { inputs: tf.NamedTensorInfoMap; attrs?: tf.NamedAttrMap }): tf.TensorInfo =>
    tf.tidy(() => gradient(inputs as unknown as Inputs, attrs as unknown as Attrs));

type XAndDy = { x: tf.Tensor4D; dy: tf.Tensor4D };
type DyAndFilter = { dy: tf.Tensor4D; filter: tf.Tensor4D };

/**
 * dW[i, j, c, o] = sum over n, y, x of X[n, y s + i, x s + j, c] dY[n, y, x, o]: again a convolution, with the batch in
 * the place of the channels, dY as the filter, and the stride as its dilation.
 */
const filterGradient = kernel<XAndDy, tf.Conv2DBackpropFilterAttrs>(({ x, dy }, attrs) => {
  const { filterShape } = attrs;
  const window = windowOf(x.shape, filterShape, attrs);
  const batchLast = tf.transpose(x, [3, 1, 2, 0]);
  const filter = tf.transpose(dy, [1, 2, 0, 3]);
  const dilation: [number, number] = [window.strideHeight, window.strideWidth];
  const all = tf.conv2d(batchLast, filter, 1, paddingOf(window), 'NHWC', dilation);
  // Where the stride leaves pixels over, there are more positions than taps.
  const taps = tf.slice(all, [0, 0, 0, 0], [filterShape[2], filterShape[0], filterShape[1], filterShape[3]]);
  return tf.transpose(taps, [1, 2, 0, 3]);
});

/** Puts stride - 1 zeros behind every row and column. */
function spread(x: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const behind = (t: tf.Tensor3D, zeros: number) =>
    tf.pad(t, [
      [0, 0],
      [0, zeros],
      [0, 0],
    ]);
  const columns = behind(tf.reshape(x, [n * h * w, 1, c]), strideWidth - 1);
  const rows = behind(tf.reshape(columns, [n * h, 1, w * strideWidth * c]), strideHeight - 1);
  return tf.reshape(rows, [n, h * strideHeight, w * strideWidth, c]);
}

/** Adds zeros before and after, or takes pixels away where the number is negative. */
function fit(x: tf.Tensor4D, rows: [number, number], columns: [number, number]): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const less = (count: number) => Math.max(0, -count);
  const more = ([before, after]: [number, number]): [number, number] => [Math.max(0, before), Math.max(0, after)];
  const size: Shape4D = [n, h - less(rows[0]) - less(rows[1]), w - less(columns[0]) - less(columns[1]), c];
  const cropped = size.join() === x.shape.join() ? x : tf.slice(x, [0, less(rows[0]), less(columns[0]), 0], size);
  return tf.pad(cropped, [[0, 0], more(rows), more(columns), [0, 0]]);
}

/** dY, spread by the stride and fitted so that a 'valid' convolution with the turned filter gives dX. */
function upstream(dy: tf.Tensor4D, window: Window): tf.Tensor4D {
  const { strideHeight, strideWidth, filterHeight, filterWidth, inHeight, inWidth, padInfo } = window;
  const sparse = strideHeight * strideWidth > 1 ? spread(dy, strideHeight, strideWidth) : dy;
  const margin = (filter: number, before: number, size: number, sparseSize: number): [number, number] => [
    filter - 1 - before,
    size + before - sparseSize,
  ];
  return fit(
    sparse,
    margin(filterHeight, padInfo.top, inHeight, sparse.shape[1]),
    margin(filterWidth, padInfo.left, inWidth, sparse.shape[2]),
  );
}

/** A filter turned by 180 degrees. */
const turned = (filter: tf.Tensor4D): tf.Tensor4D => tf.reverse(filter, [0, 1]);

const inputGradient = kernel<DyAndFilter, tf.Conv2DBackpropInputAttrs>(({ dy, filter }, attrs) => {
  const window = windowOf(attrs.inputShape, filter.shape, attrs);
  return tf.conv2d(upstream(dy, window), tf.transpose(turned(filter), [0, 1, 3, 2]), 1, 'valid');
});

/** dW[i, j, c, q] = sum over n, y, x of X[n, y s + i, x s + j, c] dY[n, y, x, c q], one tap after the other. */
const depthwiseFilterGradient = kernel<XAndDy, tf.DepthwiseConv2dNativeBackpropFilterAttrs>(({ x, dy }, attrs) => {
  const [rows, columns, channels, multiplier] = attrs.filterShape;
  const window = windowOf(x.shape, attrs.filterShape, attrs, true);
  const { outHeight, outWidth, strideHeight, strideWidth } = window;
  const padded = tf.pad(x, paddingOf(window));
  const [n] = x.shape;
  const pixels = n * outHeight * outWidth;
  const ones = tf.ones([1, pixels]);
  const dRows = tf.reshape(dy, [pixels, channels, multiplier]);
  const tap = (i: number, j: number): tf.Tensor => {
    const end: Shape4D = [n, i + (outHeight - 1) * strideHeight + 1, j + (outWidth - 1) * strideWidth + 1, channels];
    const seen = tf.stridedSlice(padded, [0, i, j, 0], end, [1, strideHeight, strideWidth, 1]);
    const products = tf.mul(tf.reshape(seen, [pixels, channels, 1]), dRows);
    // A product with ones sums much faster than a reduction over outer axes.
    return tf.matMul(ones, tf.reshape(products, [pixels, channels * multiplier]));
  };
  const taps = Array.from({ length: rows * columns }, (_, at) => tap(Math.floor(at / columns), at % columns));
  return tf.reshape(tf.concat(taps), attrs.filterShape);
});

const depthwiseInputGradient = kernel<DyAndFilter, tf.DepthwiseConv2dNativeBackpropInputAttrs>(
  ({ dy, filter }, attrs) => {
    const [rows, columns, channels, multiplier] = filter.shape;
    const window = windowOf(attrs.inputShape, filter.shape, attrs, true);
    const each = tf.reshape(turned(filter), [rows, columns, channels * multiplier, 1]) as tf.Tensor4D;
    const parts = tf.depthwiseConv2d(upstream(dy, window), each, 1, 'valid');
    return tf.reshape(tf.sum(tf.reshape(parts, [parts.size / multiplier, multiplier]), 1), attrs.inputShape);
  },
);

/** Each output's gradient goes to the first largest value of its window, as in PyTorch and TensorFlow. */
const maxPoolGradient = kernel<{ dy: tf.Tensor4D; input: tf.Tensor4D }, tf.MaxPoolGradAttrs>(
  ({ dy, input }, { filterSize, strides, pad, dimRoundingMode }) => {
    const info = tf.backend_util.computePool2DInfo(
      input.shape,
      filterSize,
      strides,
      1,
      pad as 'valid',
      dimRoundingMode,
    );
    const { batchSize, inHeight, inWidth, outHeight, outWidth, inChannels: channels } = info;
    const [values, gradients] = [input.dataSync(), dy.dataSync()];
    const dx = new Float32Array(values.length);
    const best = new Int32Array(channels);
    for (let n = 0; n < batchSize; n++) {
      for (let row = 0; row < outHeight; row++) {
        const top = row * info.strideHeight - info.padInfo.top;
        const bottom = Math.min(inHeight, top + info.filterHeight);
        for (let column = 0; column < outWidth; column++) {
          const left = column * info.strideWidth - info.padInfo.left;
          const right = Math.min(inWidth, left + info.filterWidth);
          best.fill(-1);
          for (let y = Math.max(0, top); y < bottom; y++) {
            for (let x = Math.max(0, left); x < right; x++) {
              const pixel = ((n * inHeight + y) * inWidth + x) * channels;
              for (let c = 0; c < channels; c++)
                if (best[c] === -1 || values[pixel + c]! > values[best[c]!]!) best[c] = pixel + c;
            }
          }
          const out = ((n * outHeight + row) * outWidth + column) * channels;
          for (let c = 0; c < channels; c++) dx[best[c]!]! += gradients[out + c]!;
        }
      }
    }
    return tf.tensor(dx, input.shape);
  },
);

const KERNELS = {
  Conv2DBackpropInput: inputGradient,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilterGradient,
  DepthwiseConv2dNativeBackpropInput: depthwiseInputGradient,
  MaxPoolGrad: maxPoolGradient,
  Conv2DBackpropFilter: filterGradient,
} as const;

/** Registers the kernels for the wasm backend, unless it has been given the missing ones: by this, or by faster ones. */
export function registerWasmGradients(): void {
  if (tf.getKernel('Conv2DBackpropFilter', 'wasm')) return;
  for (const [kernelName, kernelFunc] of Object.entries(KERNELS)) {
    if (tf.getKernel(kernelName, 'wasm')) tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
  }
}
