import type { PoolAttributes } from '@cnnzoo/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { constant } from '../backend/index.js';
import { avgPool2d, maxPool2d } from '../ops/index.js';
import { CnnzooError, checkOptions } from '../util/index.js';
import { checkFlags, checkNumbers, PADDING, PIXELS } from './check-numbers.js';
import { apply, applyOwn, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { single } from './parametric.js';
import { adaptiveShares, type Extent, outputExtent, padAfter, type Window } from './window.js';

/** Options of `maxPool`. */
export interface PoolOptions {
  /**
   * Keeps a last window that sticks out after the input, for height and width each by its own remainder.
   * Default: false.
   */
  ceilMode?: boolean;
}

export interface PoolArgs {
  kernelSize: number;
  stride: number;
  padding: number;
  ceilMode: boolean;
}

/**
 * Refuses a window that PyTorch refuses too.
 *
 * @param layer its builder's name, or its path in the net.
 */
function checkPool(layer: string, args: PoolArgs): void {
  checkNumbers(layer, args, { kernelSize: PIXELS, stride: PIXELS, padding: PADDING });
  checkFlags(layer, { ceilMode: args.ceilMode });
  const { kernelSize, padding } = args;
  if (2 * padding > kernelSize)
    throw new CnnzooError(
      'INPUT',
      `Layer '${layer}': expected a padding of at most half the window of ${kernelSize}, received ${padding}.`,
    );
}

/** Pooling over square windows; the subclass reduces each window to a value. */
export abstract class Pool2d<Args extends PoolArgs> extends layers.Layer {
  constructor(
    readonly args: Args,
    rest: LayerArgs,
  ) {
    super(layerArgs(rest));
    checkPool(this.name, args);
  }

  protected get window(): Window {
    const { kernelSize: kernel, ...rest } = this.args;
    return { kernel, ...rest };
  }

  override computeOutputShape(shape: Shape): Shape {
    const [n, h, w, c] = shape as [Extent, Extent, Extent, number];
    const out = (size: Extent) => outputExtent(this.name, size, this.window);
    return [n, out(h), out(w), c] as Shape;
  }

  /** The windows over an input [n, h, w, c], with the padding that they need around it. */
  protected windows(x: tf.Tensor4D): PoolAttributes {
    const { kernelSize, stride, padding } = this.args;
    const [, h, w] = this.computeOutputShape(x.shape) as number[];
    return {
      kernelSize: [kernelSize, kernelSize],
      stride: [stride, stride],
      padding: [
        [padding, padAfter(x.shape[1], h!, this.window)],
        [padding, padAfter(x.shape[2], w!, this.window)],
      ],
    };
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/**
 * Largest value of each window, [n, h, w, c] -> [n, h', w', c]; the padding counts as -inf, as in PyTorch.
 *
 * @example
 * ```ts
 * import { buildModel, MaxPool2d, maxPool, seq } from '@cnnzoo/core';
 *
 * const model = buildModel('own', seq([maxPool(3, 2)]), [32, 32, 3]);
 * const pools = model.layers.filter((layer) => layer instanceof MaxPool2d);
 * ```
 */
export class MaxPool2d extends Pool2d<PoolArgs> {
  static readonly className = 'cnnzoo.MaxPool2d';
  readonly kind = 'max-pool' satisfies OwnKind;

  constructor({ kernelSize, stride, padding, ceilMode, ...rest }: PoolArgs & LayerArgs) {
    super({ kernelSize, stride, padding, ceilMode }, rest);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = single(inputs) as tf.Tensor4D;
    return maxPool2d(x, this.windows(x));
  }
}

/**
 * Max pooling over `kernelSize` x `kernelSize` pixels: PyTorch's nn.MaxPool2d, without `dilation`.
 *
 * @param stride default: `kernelSize`.
 * @param padding minus infinity on each side, at most half of `kernelSize`. Default: 0.
 * @throws CnnzooError INPUT for sizes that are no whole pixels.
 * @example
 * ```ts
 * import { maxPool } from '@cnnzoo/core';
 *
 * const layer = maxPool(3, 2, 1); // [n, 112, 112, c] -> [n, 56, 56, c]
 * ```
 */
export function maxPool(kernelSize: number, stride = kernelSize, padding = 0, options: PoolOptions = {}): Layer {
  checkOptions('maxPool', options, ['ceilMode']);
  const args = { kernelSize, stride, padding, ceilMode: options.ceilMode ?? false };
  checkPool('maxPool', args);
  return (x, path) => applyOwn(MaxPool2d, { name: path, ...args }, x);
}

/** Options of `avgPool`. */
export interface AvgPoolOptions extends PoolOptions {
  /** Counts zeros of the padding in the mean. Pixels that ceilMode adds after the padding never count. Default: true. */
  countIncludePad?: boolean;
}

interface AvgPoolArgs extends PoolArgs {
  countIncludePad: boolean;
}

/**
 * Mean of each window, [n, h, w, c] -> [n, h', w', c], with PyTorch's rules for the padding.
 *
 * @example
 * ```ts
 * import { AvgPool2d, avgPool, buildModel, seq } from '@cnnzoo/core';
 *
 * const model = buildModel('own', seq([avgPool(2)]), [32, 32, 3]);
 * const pools = model.layers.filter((layer) => layer instanceof AvgPool2d);
 * ```
 */
export class AvgPool2d extends Pool2d<AvgPoolArgs> {
  static readonly className = 'cnnzoo.AvgPool2d';
  readonly kind = 'avg-pool' satisfies OwnKind;

  constructor({ kernelSize, stride, padding, ceilMode, countIncludePad, ...rest }: AvgPoolArgs & LayerArgs) {
    super({ kernelSize, stride, padding, ceilMode, countIncludePad }, rest);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { padding, countIncludePad } = this.args;
    const x = single(inputs) as tf.Tensor4D;
    // Pixels that ceilMode adds after the padding never count, as in PyTorch.
    const counted = countIncludePad ? padding : 0;
    const sides = [counted, counted] as const;
    return avgPool2d(x, this.windows(x), [sides, sides]);
  }
}

/**
 * Average pooling over `kernelSize` x `kernelSize` pixels: PyTorch's nn.AvgPool2d, without `divisor_override`.
 *
 * @param stride default: `kernelSize`.
 * @param padding zeros on each side, at most half of `kernelSize`. Default: 0.
 * @throws CnnzooError INPUT for sizes that are no whole pixels.
 * @example
 * ```ts
 * import { avgPool } from '@cnnzoo/core';
 *
 * const layer = avgPool(3, 2, 1, { countIncludePad: false }); // [n, 56, 56, c] -> [n, 28, 28, c]
 * ```
 */
export function avgPool(kernelSize: number, stride = kernelSize, padding = 0, options: AvgPoolOptions = {}): Layer {
  checkOptions('avgPool', options, ['ceilMode', 'countIncludePad']);
  const { ceilMode = false, countIncludePad = true } = options;
  const args = { kernelSize, stride, padding, ceilMode, countIncludePad };
  checkPool('avgPool', args);
  return (x, path) => applyOwn(AvgPool2d, { name: path, ...args }, x);
}

interface AdaptiveArgs {
  outputSize: number;
}

const RANGES = { outputSize: PIXELS };

/** Returns the weights of `adaptiveShares` as a tensor [1, out, size]. For use inside a tidy. */
const sharesTensor = (size: number, out: number): tf.Tensor3D =>
  constant(`adaptive ${size} ${out}`, [1, out, size], () => adaptiveShares(size, out));

/**
 * Mean over windows that cover the input whatever its size: [n, h, w, c] -> [n, out, out, c]. As in PyTorch (ATen's
 * AdaptivePooling.h), neighbouring windows overlap where the sizes don't divide, and values repeat where the input is
 * smaller than the output.
 *
 * @example
 * ```ts
 * import { AdaptiveAvgPool2d, adaptiveAvgPool, buildModel, seq } from '@cnnzoo/core';
 *
 * const model = buildModel('own', seq([adaptiveAvgPool(7)]), [32, 32, 3]);
 * const pool = model.layers.find((layer) => layer instanceof AdaptiveAvgPool2d);
 * ```
 */
export class AdaptiveAvgPool2d extends layers.Layer {
  static readonly className = 'cnnzoo.AdaptiveAvgPool2d';
  readonly kind = 'adaptive-avg-pool' satisfies OwnKind;
  readonly args: AdaptiveArgs;

  constructor({ outputSize, ...rest }: AdaptiveArgs & LayerArgs) {
    super(layerArgs(rest));
    checkNumbers(this.name, { outputSize }, RANGES);
    this.args = { outputSize };
  }

  override computeOutputShape([n, , , c]: Shape): Shape {
    const { outputSize } = this.args;
    return [n, outputSize, outputSize, c] as Shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { outputSize: out } = this.args;
    const x = single(inputs) as tf.Tensor4D;
    const [n, h, w, c] = x.shape;
    if (h === out && w === out) return tf.clone(x);
    return tf.tidy(() => {
      // One axis after the other, each a product with the weights.
      const rows = tf.matMul(sharesTensor(h, out), tf.reshape(x, [n, h, w * c]));
      const both = tf.matMul(sharesTensor(w, out), tf.reshape(rows, [n * out, w, c]));
      return tf.reshape(both, [n, out, out, c]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/**
 * Average pooling to `outputSize` x `outputSize` pixels from any size: PyTorch's nn.AdaptiveAvgPool2d.
 *
 * @throws CnnzooError INPUT for a size that is no whole pixels.
 * @example
 * ```ts
 * import { adaptiveAvgPool, flatten, linear, seq } from '@cnnzoo/core';
 *
 * const classifier = seq([adaptiveAvgPool(7), flatten, linear(10)]);
 * ```
 */
export function adaptiveAvgPool(outputSize: number): Layer {
  checkNumbers('adaptiveAvgPool', { outputSize }, RANGES);
  return (x, path) => applyOwn(AdaptiveAvgPool2d, { name: path, outputSize }, x);
}

/**
 * Mean over the whole map: [n, h, w, c] -> [n, c] (Lin et al., https://arxiv.org/abs/1312.4400, section 3.2).
 *
 * @example
 * ```ts
 * import { conv, globalAvgPool, linear, seq } from '@cnnzoo/core';
 *
 * const layer = seq([conv(64, 3), globalAvgPool, linear(10)]);
 * ```
 */
export const globalAvgPool: Layer = (x, path) => apply(layers.globalAveragePooling2d({ name: path }), x);
