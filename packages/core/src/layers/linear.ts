import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { CnnzooError, checkOptions } from '../util/index.js';
import { identity } from './combinators.js';
import { apply, applyOwn, at, type Layer, type LayerArgs, layerArgs } from './layer.js';
import { type Initial, Parametric } from './parametric.js';

export interface LinearOptions {
  initial?: Initial;
  biasInitial?: Initial;
}

interface LinearArgs {
  units: number;
  initial: Initial;
  biasInitial: Initial;
}

/** x W + b on [n, features]; its state dict holds W as PyTorch does, [out, in]. */
export class Linear extends Parametric {
  static readonly className = 'cnnzoo.Linear';
  readonly args: LinearArgs;
  private weight!: LayerVariable;
  private bias!: LayerVariable;

  constructor({ units, initial, biasInitial, ...rest }: LinearArgs & LayerArgs) {
    super(layerArgs(rest));
    this.args = { units, initial, biasInitial };
  }

  override build(shape: Shape | Shape[]): void {
    const features = (shape as Shape).at(-1);
    if (!features)
      throw new CnnzooError(
        'SHAPE',
        `Layer '${this.name}' needs a fixed number of features, received shape [${shape}]. ` +
          'Give the net an inputShape with a fixed height and width.',
      );
    const { units, initial, biasInitial } = this.args;
    const fans = { fanIn: features, fanOut: units };
    this.weight = this.parameter('weight', [features, units], initial, fans);
    this.bias = this.parameter('bias', [units], biasInitial, fans);
    super.build(shape);
  }

  override computeOutputShape(shape: Shape): Shape {
    return [...shape.slice(0, -1), this.args.units];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const weight = this.weight.read() as tf.Tensor2D;
      return tf.add(tf.matMul(this.fitting<tf.Tensor2D>(inputs, weight.shape[0]), weight), this.bias.read());
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/** A fully connected layer: [n, features] -> [n, units]. */
export function linear(units: number, options: LinearOptions = {}): Layer {
  checkOptions('linear', options, ['initial', 'biasInitial']);
  const { initial = 'torch_default', biasInitial = 'torch_default' } = options;
  return (x, path) => applyOwn(Linear, { name: path, units, initial, biasInitial }, x);
}

/** The part of a net that `numClasses` replaces: `make(numClasses)`, or nothing for 0 classes. */
export const head = (numClasses: number, make: (numClasses: number) => Layer = linear): Layer =>
  numClasses === 0 ? identity : make(numClasses);

/** [n, h, w, c] -> [n, c * h * w], channels first, so that the linear layer behind it ports by transposing alone. */
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
