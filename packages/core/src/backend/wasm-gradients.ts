/*
 * tfjs-backend-wasm 4.22 has no filter gradient of a convolution, its input gradient is a plain loop, and its max-pool
 * gradient is wrong with padding and on negative values. These stand in, in their simple form, until threaded kernels
 * replace them.
 */
import * as tf from '@tensorflow/tfjs-core';

type Pads = [[number, number], [number, number], [number, number], [number, number]];

const infoOf = (
  xShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dimRoundingMode }: tf.Conv2DBackpropFilterAttrs,
) =>
  tf.backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    1,
    pad as 'valid',
    dimRoundingMode,
  );

/** The engine hands its tensors to a kernel as they are, whatever the type says. */
const tensorOf = <T extends tf.Tensor>(info: tf.TensorInfo): T => info as unknown as T;

/** dW[kh, kw, i, o] = sum over n, y, x of X[n, y s + kh, x s + kw, i] dY[n, y, x, o]: a convolution over the batch. */
const filterGradient: tf.KernelFunc = ({ inputs, attrs }) => {
  const { x, dy } = inputs as unknown as Record<'x' | 'dy', tf.TensorInfo>;
  const { filterShape } = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
  const { padInfo, strideHeight, strideWidth } = infoOf(
    x.shape,
    filterShape,
    attrs as unknown as tf.Conv2DBackpropFilterAttrs,
  );
  return tf.tidy(() => {
    const batchLast = tf.transpose(tensorOf<tf.Tensor4D>(x), [3, 1, 2, 0]);
    const kernel = tf.transpose(tensorOf<tf.Tensor4D>(dy), [1, 2, 0, 3]);
    const pads: Pads = [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ];
    const all = tf.conv2d(batchLast, kernel, 1, pads, 'NHWC', [strideHeight, strideWidth]);
    // Where the stride leaves pixels over, there are more positions than taps.
    const taps = tf.slice(all, [0, 0, 0, 0], [filterShape[2], filterShape[0], filterShape[1], filterShape[3]]);
    return tf.transpose(taps, [1, 2, 0, 3]);
  });
};

/** Puts stride - 1 zeros behind every row and column. */
function spread(x: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const columns = tf.pad(tf.reshape(x, [n * h * w, 1, c]), [
    [0, 0],
    [0, strideWidth - 1],
    [0, 0],
  ]);
  const width = w * strideWidth;
  const rows = tf.pad(tf.reshape(columns, [n * h, 1, width * c]), [
    [0, 0],
    [0, strideHeight - 1],
    [0, 0],
  ]);
  return tf.reshape(rows, [n, h * strideHeight, width, c]);
}

/** dX is dY, spread by the stride, convolved with the filter turned by 180 degrees. */
const inputGradient: tf.KernelFunc = ({ inputs, attrs }) => {
  const { dy, filter } = inputs as unknown as Record<'dy' | 'filter', tf.TensorInfo>;
  const { inputShape } = attrs as unknown as tf.Conv2DBackpropInputAttrs;
  const { padInfo, strideHeight, strideWidth, filterHeight, filterWidth } = infoOf(
    inputShape,
    filter.shape,
    attrs as unknown as tf.Conv2DBackpropFilterAttrs,
  );
  return tf.tidy(() => {
    const upstream = tensorOf<tf.Tensor4D>(dy);
    const sparse = strideHeight * strideWidth > 1 ? spread(upstream, strideHeight, strideWidth) : upstream;
    const turned = tf.transpose(tf.reverse(tensorOf<tf.Tensor4D>(filter), [0, 1]), [0, 1, 3, 2]);
    const margin = (kernel: number, before: number, size: number, spreadSize: number) => {
      const start = kernel - 1 - before;
      return { start, end: size - spreadSize - start + kernel - 1 };
    };
    const rows = margin(filterHeight, padInfo.top, inputShape[1], sparse.shape[1]);
    const columns = margin(filterWidth, padInfo.left, inputShape[2], sparse.shape[2]);
    // A negative margin crops: the padding reached further than the kernel, or the spread zeros past the input.
    const cropped = tf.slice(
      sparse,
      [0, Math.max(0, -rows.start), Math.max(0, -columns.start), 0],
      [
        -1,
        sparse.shape[1] + Math.min(0, rows.start) + Math.min(0, rows.end),
        sparse.shape[2] + Math.min(0, columns.start) + Math.min(0, columns.end),
        -1,
      ],
    );
    const clip = ({ start, end }: { start: number; end: number }): [number, number] => [
      Math.max(0, start),
      Math.max(0, end),
    ];
    return tf.conv2d(cropped, turned, 1, [[0, 0], clip(rows), clip(columns), [0, 0]]);
  });
};

/** Each output's gradient goes to the first largest value of its window, as in PyTorch and TensorFlow. */
const maxPoolGradient: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { dy, input } = inputs as unknown as Record<'dy' | 'input', tf.TensorInfo>;
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.MaxPoolGradAttrs;
  const info = tf.backend_util.computePool2DInfo(
    input.shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad as 'valid',
    dimRoundingMode,
  );
  const { batchSize, inHeight, inWidth, outHeight, outWidth, inChannels: channels } = info;
  const read = ({ dataId }: tf.TensorInfo) => (backend as tf.KernelBackend).readSync(dataId) as Float32Array;
  const [values, upstream] = [read(input), read(dy)];
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
        for (let c = 0; c < channels; c++) dx[best[c]!]! += upstream[out + c]!;
      }
    }
  }
  return tf.tensor(dx, input.shape);
};

const KERNELS = {
  Conv2DBackpropFilter: filterGradient,
  Conv2DBackpropInput: inputGradient,
  MaxPoolGrad: maxPoolGradient,
} as const;

let registered = false;

/** Registers the kernels for the wasm backend. More than one call does no harm. */
export function registerWasmGradients(): void {
  if (registered) return;
  registered = true;
  for (const [kernelName, kernelFunc] of Object.entries(KERNELS)) {
    if (tf.getKernel(kernelName, 'wasm')) tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
  }
}
