import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { CnnzooError, checkOptions } from '../util/index.js';
import { COUNT, COUNT_OR_NONE, checkFlags, checkNumbers } from './check-numbers.js';
import { identity } from './combinators.js';
import { apply, applyOwn, at, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { checkInitial, type Initial, initialOf, nameOf, Parametric } from './parametric.js';

/** Options of `linear`. */
export interface LinearOptions {
  /** Adds a bias to each unit. Default: true. */
  bias?: boolean;
  /** Initial values of the weight. Default: 'torch_default', as nn.Linear. */
  initial?: Initial;
  /** Initial values of the bias. Default: 'torch_default', as nn.Linear. */
  biasInitial?: Initial;
}

interface LinearArgs extends Required<LinearOptions> {
  units: number;
}

/** @param layer its builder's name, or its path in the net. */
function checkLinear(layer: string, { units, bias, ...initials }: LinearArgs): void {
  checkNumbers(layer, { units }, { units: COUNT });
  checkFlags(layer, { bias });
  checkInitial(layer, initials);
}

/**
 * Computes x W + b: float32 [..., features] -> [..., units]. The state dict holds W in PyTorch's layout, [out, in].
 *
 * @example
 * ```ts
 * import { buildModel, flatten, Linear, linear, seq } from '@cnnzoo/core';
 *
 * const model = buildModel('own', seq([flatten, linear(10)]), [28, 28, 1]);
 * const units = model.layers.flatMap((layer) => (layer instanceof Linear ? [layer.args.units] : []));
 * ```
 */
export class Linear extends Parametric {
  static readonly className: string = 'cnnzoo.Linear';
  readonly kind = 'linear' satisfies OwnKind;
  readonly args: LinearArgs;
  protected weight!: LayerVariable;
  protected bias: LayerVariable | undefined;

  /** A saved net describes `bias` only if it is false. */
  constructor({
    units,
    bias = true,
    initial,
    biasInitial,
    ...rest
  }: Omit<LinearArgs, 'bias'> & LinearOptions & LayerArgs) {
    super(layerArgs(rest));
    this.args = { units, bias, initial: initialOf(initial), biasInitial: initialOf(biasInitial) };
    checkLinear(this.name, this.args);
  }

  override build(shape: Shape | Shape[]): void {
    const features = (shape as Shape).at(-1);
    if (!features)
      throw new CnnzooError(
        'SHAPE',
        `Layer '${this.name}' needs a fixed number of features, received shape [${shape}]. ` +
          'Give the net an inputShape with a fixed height and width.',
      );
    const { units, bias, initial, biasInitial } = this.args;
    const fans = { fanIn: features, fanOut: units };
    this.weight = this.parameter('weight', [features, units], initial, fans);
    if (bias) this.bias = this.parameter('bias', [units], biasInitial, fans);
    super.build(shape);
  }

  override computeOutputShape(shape: Shape): Shape {
    return [...shape.slice(0, -1), this.args.units];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const weight = this.weight.read() as tf.Tensor2D;
      const product = tf.matMul(this.fitting<tf.Tensor2D>(inputs, weight.shape[0]), weight);
      return this.bias ? tf.add(product, this.bias.read()) : product;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { units, bias, initial, biasInitial } = this.args;
    return {
      ...super.getConfig(),
      units,
      // Older files have no bias flag; a net with biases still gives the same file.
      ...(!bias && { bias }),
      initial: nameOf(initial),
      biasInitial: nameOf(biasInitial),
    };
  }
}

/**
 * A fully connected layer: [n, features] -> [n, units]. PyTorch's nn.Linear, with its defaults.
 *
 * @throws CnnzooError INPUT for `units` that are not 1, 2, 3, …
 * @example
 * ```ts
 * import { linear } from '@cnnzoo/core';
 * linear(10, { bias: false });
 * ```
 */
export function linear(units: number, options: LinearOptions = {}): Layer {
  checkOptions('linear', options, ['bias', 'initial', 'biasInitial']);
  const { bias = true, initial = 'torch_default', biasInitial = 'torch_default' } = options;
  const args = { units, bias, initial, biasInitial };
  checkLinear('linear', args);
  return (x, path) => applyOwn(Linear, { name: path, ...args }, x);
}

/**
 * Returns the head of a net: `make(numClasses)`, or `identity` for 0 classes, so that the net gives features.
 *
 * @param make builds the layer. Default: `linear`.
 * @throws CnnzooError INPUT for a number of classes that is not 0, 1, 2, …
 * @example
 * ```ts
 * import { conv, globalAvgPool, head, type Layer, relu, seq } from '@cnnzoo/core';
 *
 * const net = (numClasses: number): Layer =>
 *   seq({ conv: conv(64, 3), relu, pool: globalAvgPool, fc: head(numClasses) });
 * ```
 */
export function head(numClasses: number, make: (numClasses: number) => Layer = linear): Layer {
  checkNumbers('head', { numClasses }, { numClasses: COUNT_OR_NONE });
  return numClasses === 0 ? identity : make(numClasses);
}

/**
 * Flattens [n, h, w, c] to [n, c * h * w], channels first as PyTorch's nn.Flatten, so that the next linear layer has the
 * order of PyTorch's weights.
 *
 * @throws CnnzooError SHAPE if height, width or channels are not fixed.
 * @example
 * ```ts
 * import { flatten, linear, maxPool, seq } from '@cnnzoo/core';
 *
 * const layer = seq([maxPool(2), flatten, linear(120)]);
 * ```
 */
export const flatten: Layer = (x: SymbolicTensor, path: string) => {
  const [, h, w, c] = x.shape;
  if (!h || !w || !c)
    throw new CnnzooError(
      'SHAPE',
      `Layer '${path}' flattens [${x.shape.slice(1)}], which has no fixed size. ` +
        'Give the net an inputShape with a fixed height and width.',
    );
  // One pixel is flat in either order.
  const channelsFirst = h * w === 1 ? x : apply(layers.permute({ name: at(path, 'chw'), dims: [3, 1, 2] }), x);
  return apply(layers.reshape({ name: path, targetShape: [c * h * w] }), channelsFirst);
};
