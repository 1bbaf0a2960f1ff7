import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { batchNormInference, batchNormTrain, type Fused } from '../ops/index.js';
import { CnnzooError, checkOptions } from '../util/index.js';
import { checkNumbers, EPSILON, FRACTION } from './check-numbers.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { checkNormInitial, type NormOptions } from './norm.js';
import { Parametric, single } from './parametric.js';
import { fusionOf, smallestBatch } from './scopes.js';

/** Options of `batchNorm`. */
export interface BatchNormOptions extends NormOptions {
  /** Term added to the variance before its square root. Default: 1e-5. */
  eps?: number;
  /**
   * Weight of the new batch in the running mean and variance, 0 to 1: PyTorch's `momentum`, without its None.
   * Default: 0.1.
   */
  momentum?: number;
}

/** @param layer its builder's name, or its path in the net. */
function checkBatchNorm(layer: string, { initial, ...numbers }: Required<BatchNormOptions>): void {
  checkNumbers(layer, numbers, { eps: EPSILON, momentum: FRACTION });
  checkNormInitial(layer, initial);
}

/**
 * Batch normalisation with PyTorch's meaning, unlike `tf.layers.batchNormalization`: the running variance is
 * unbiased, `momentum` weighs the new batch, and frozen means frozen: by the layer's own `trainable`, its weights' or
 * a parent model's, it normalises by its running statistics and never updates them.
 * Input [n, h, w, c] or [n, c]. Training on one value per channel throws, as in PyTorch.
 *
 * @example
 * ```ts
 * import { BatchNorm, batchNorm, buildModel, conv, seq } from '@cnnzoo/core';
 *
 * const model = buildModel('own', seq([conv(16, 3), batchNorm()]), [32, 32, 3]);
 * for (const layer of model.layers) if (layer instanceof BatchNorm) layer.trainable = false;
 * ```
 */
export class BatchNorm extends Parametric {
  static readonly className = 'cnnzoo.BatchNorm';
  readonly kind = 'batch-norm' satisfies OwnKind;
  readonly args: Required<BatchNormOptions>;
  private weight!: LayerVariable;
  private bias!: LayerVariable;
  private runningMean!: LayerVariable;
  private runningVar!: LayerVariable;

  constructor({ eps = 1e-5, momentum = 0.1, initial = 'ones', ...rest }: BatchNormOptions & LayerArgs = {}) {
    super(layerArgs(rest));
    this.args = { eps, momentum, initial };
    checkBatchNorm(this.name, this.args);
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
    const fusion = fusionOf(this);
    return fusion === 'later' ? x : this.normalize(x, training, { relu: fusion === 'relu' });
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

/**
 * Batch normalisation (Ioffe and Szegedy, https://arxiv.org/abs/1502.03167): PyTorch's nn.BatchNorm2d on [n, h, w, c] and
 * nn.BatchNorm1d on [n, c], with their defaults.
 *
 * @throws CnnzooError INPUT for numbers out of range.
 * @example
 * ```ts
 * import { batchNorm } from '@cnnzoo/core';
 * batchNorm({ eps: 1e-3, momentum: 0.01 });
 * ```
 */
export function batchNorm(options: BatchNormOptions = {}): Layer {
  checkOptions('batchNorm', options, ['eps', 'momentum', 'initial']);
  const { eps = 1e-5, momentum = 0.1, initial = 'ones' } = options;
  const args = { eps, momentum, initial };
  checkBatchNorm('batchNorm', args);
  return (x, path) => applyOwn(BatchNorm, { name: path, ...args }, x);
}
