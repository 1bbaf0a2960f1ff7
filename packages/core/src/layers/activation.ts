import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { relu as reluOp } from '../ops/index.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { single } from './parametric.js';
import { fusionOf } from './scopes.js';

const FUNCTIONS = {
  relu: reluOp,
  sigmoid: (x: tf.Tensor): tf.Tensor => tf.sigmoid(x),
} as const;

interface ActivationArgs {
  activation: keyof typeof FUNCTIONS;
}

/** Layer that applies ReLU or sigmoid to each value; returns its input if the ReLU is fused. */
export class Activation extends layers.Layer {
  static readonly className = 'cnnzoo.Activation';
  readonly kind = 'activation' satisfies OwnKind;
  readonly args: ActivationArgs;

  constructor({ activation, ...rest }: ActivationArgs & LayerArgs) {
    super(layerArgs(rest));
    this.args = { activation };
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = single(inputs);
    return fusionOf(this) === 'done' ? x : FUNCTIONS[this.args.activation](x);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/**
 * Applies ReLU, max(x, 0), to each value: PyTorch's nn.ReLU.
 *
 * @example
 * ```ts
 * import { conv, relu, seq } from '@cnnzoo/core';
 *
 * const layer = seq([conv(64, 3, { padding: 1 }), relu]);
 * ```
 */
export const relu: Layer = (x, path) => applyOwn(Activation, { name: path, activation: 'relu' }, x);
/**
 * Applies the logistic sigmoid, 1 / (1 + exp(-x)), to each value: PyTorch's nn.Sigmoid.
 *
 * @example
 * ```ts
 * import { linear, seq, sigmoid } from '@cnnzoo/core';
 *
 * const layer = seq([linear(120), sigmoid, linear(84), sigmoid]);
 * ```
 */
export const sigmoid: Layer = (x, path) => applyOwn(Activation, { name: path, activation: 'sigmoid' }, x);
