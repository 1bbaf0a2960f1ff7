import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { relu as reluOp } from '../ops/index.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { single } from './parametric.js';
import { jointOf } from './scopes.js';

const FUNCTIONS = {
  relu: reluOp,
  sigmoid: (x: tf.Tensor): tf.Tensor => tf.sigmoid(x),
} as const;

interface ActivationArgs {
  activation: keyof typeof FUNCTIONS;
}

/** A function of each value. */
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
    return jointOf(this) === 'done' ? x : FUNCTIONS[this.args.activation](x);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

export const relu: Layer = (x, path) => applyOwn(Activation, { name: path, activation: 'relu' }, x);
export const sigmoid: Layer = (x, path) => applyOwn(Activation, { name: path, activation: 'sigmoid' }, x);
