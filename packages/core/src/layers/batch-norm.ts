import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { batchNormInference, batchNormTrain, type Fused } from '../ops/index.js';
import { CnnzooError, checkOptions } from '../util/index.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs } from './layer.js';
import { type Initial, Parametric, single } from './parametric.js';
import { jointOf, smallestBatch } from './scopes.js';

export interface BatchNormOptions {
  eps?: number;
  /** How much a new batch weighs in the running statistics. */
  momentum?: number;
  /** Of `weight`: 'ones', or 'zeros' for the last one of a residual branch. */
  initial?: Extract<Initial, 'ones' | 'zeros'>;
}

/**
 * Batch normalisation with PyTorch's meaning, where `tf.layers.batchNormalization` differs: the running variance is
 * unbiased, `momentum` weighs the new batch, and frozen means frozen: by the layer's own `trainable`, its weights' or
 * a parent model's, it normalises by its running statistics and never updates them.
 * Input [n, h, w, c] or [n, c]. Training on one value per channel throws, as in PyTorch.
 */
export class BatchNorm extends Parametric {
  static readonly className = 'cnnzoo.BatchNorm';
  readonly args: Required<BatchNormOptions>;
  private weight!: LayerVariable;
  private bias!: LayerVariable;
  private runningMean!: LayerVariable;
  private runningVar!: LayerVariable;

  constructor({ eps = 1e-5, momentum = 0.1, initial = 'ones', ...rest }: BatchNormOptions & LayerArgs = {}) {
    super(layerArgs(rest));
    this.args = { eps, momentum, initial };
  }

  override build(shape: Shape | Shape[]): void {
    const channels = (shape as number[]).at(-1)!;
    const fans = { fanIn: channels, fanOut: channels };
    this.weight = this.parameter('weight', [channels], this.args.initial, fans);
    this.bias = this.parameter('bias', [channels], 'zeros', fans);
    this.runningMean = this.parameter('running_mean', [channels], 'zeros', fans, false);
    this.runningVar = this.parameter('running_var', [channels], 'ones', fans, false);
    super.build(shape);
  }

  /** A parent model's `trainable = false` reaches a layer only through the flags of its weights. */
  private get frozen(): boolean {
    return !this.trainable || !(this.weight.trainable || this.bias.trainable);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training = false }: { training?: boolean }): tf.Tensor {
    const x = single(inputs);
    const joint = jointOf(this);
    return joint === 'later' ? x : this.normalize(x, training, { relu: joint === 'relu' });
  }

  /** Normalizes x, and computes what is fused with it. */
  normalize(x: tf.Tensor, training: boolean, fused: Fused): tf.Tensor {
    const { eps, momentum } = this.args;
    const [weight, bias] = [this.weight, this.bias].map((variable) => variable.read() as tf.Tensor1D) as [
      tf.Tensor1D,
      tf.Tensor1D,
    ];
    this.fitting(x, weight.size);
    if (!training || this.frozen) {
      const [mean, variance] = [this.runningMean.read() as tf.Tensor1D, this.runningVar.read() as tf.Tensor1D];
      return batchNormInference(x, { weight, bias, eps }, { mean, variance }, fused);
    }
    const n = x.size / weight.size;
    if (n < 2 || (n / x.shape[0]!) * smallestBatch() < 2)
      throw new CnnzooError(
        'TRAINING',
        `BatchNorm '${this.name}' has one value per channel in a training batch of one image (input [${x.shape}]), which ` +
          'has no variance. If it is the last batch of an epoch, leave it out by dropLast: true or choose another ' +
          'batchSize; else use larger batches or images, or freeze the layer.',
      );
    return tf.tidy(() =>
      batchNormTrain(x, { weight, bias, eps }, fused, ({ mean, variance }) => {
        const blend = (running: LayerVariable, batch: tf.Tensor) =>
          running.write(tf.add(tf.mul(running.read(), 1 - momentum), tf.mul(batch, momentum)));
        blend(this.runningMean, mean);
        blend(this.runningVar, tf.mul(variance, n / (n - 1)));
      }),
    );
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/** Batch normalisation (Ioffe and Szegedy, https://arxiv.org/abs/1502.03167). */
export function batchNorm(options: BatchNormOptions = {}): Layer {
  checkOptions('batchNorm', options, ['eps', 'momentum', 'initial']);
  return (x, path) => applyOwn(BatchNorm, { name: path, ...options }, x);
}
