import type * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { groupNormalize } from '../ops/late.js';
import { CnnzooError, checkOptions } from '../util/index.js';
import { COUNT, checkNumbers, EPSILON } from './check-numbers.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { checkNormInitial, type NormOptions } from './norm.js';
import { Parametric } from './parametric.js';

/** Options of `groupNorm`. */
export interface GroupNormOptions extends NormOptions {
  /** Term added to the variance before its square root. Default: 1e-5. */
  eps?: number;
}

interface GroupNormArgs extends Required<GroupNormOptions> {
  groups: number;
}

/** @param layer its builder's name, or its path in the net. */
function checkGroupNorm(layer: string, { initial, ...numbers }: GroupNormArgs): void {
  checkNumbers(layer, numbers, { groups: COUNT, eps: EPSILON });
  checkNormInitial(layer, initial);
}

/**
 * Normalises the channels of each group of each image by their mean and variance, then scales and shifts by channel:
 * float32 [n, ..., c] of the same shape. It has no running statistics, so it computes the same in training and inference.
 *
 * @example
 * ```ts
 * import { GroupNorm } from '@cnnzoo/core';
 * const isGroupNorm = (layer: unknown) => layer instanceof GroupNorm;
 * ```
 */
export class GroupNorm extends Parametric {
  static readonly className = 'cnnzoo.GroupNorm';
  readonly kind = 'group-norm' satisfies OwnKind;
  readonly args: GroupNormArgs;
  private weight!: LayerVariable;
  private bias!: LayerVariable;

  constructor({ groups, eps = 1e-5, initial = 'ones', ...rest }: { groups: number } & GroupNormOptions & LayerArgs) {
    super(layerArgs(rest));
    this.args = { groups, eps, initial };
    checkGroupNorm(this.name, this.args);
  }

  override build(shape: Shape | Shape[]): void {
    const channels = (shape as number[]).at(-1)!;
    const { groups, initial } = this.args;
    if (channels % groups !== 0)
      throw new CnnzooError(
        'SHAPE',
        `Layer '${this.name}' has ${groups} groups, which don't divide its ${channels} input channels.`,
      );
    const fans = { fanIn: channels, fanOut: channels };
    this.weight = this.parameter('weight', [channels], initial, fans);
    this.bias = this.parameter('bias', [channels], 'zeros', fans);
    super.build(shape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [weight, bias] = [this.weight.read() as tf.Tensor1D, this.bias.read() as tf.Tensor1D];
    return groupNormalize(this.fitting(inputs, weight.size), { weight, bias, ...this.args });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/**
 * Group normalisation (Wu and He, https://arxiv.org/abs/1803.08494): PyTorch's nn.GroupNorm, with `affine`.
 *
 * @param groups a divisor of the channels: 1 is a layer normalisation over the whole image.
 * @throws CnnzooError INPUT for numbers out of range, SHAPE for groups that don't divide the channels.
 * @example
 * ```ts
 * import { groupNorm, type Norm } from '@cnnzoo/core';
 * const norm: Norm = (options) => groupNorm(32, options);
 * ```
 */
export function groupNorm(groups: number, options: GroupNormOptions = {}): Layer {
  checkOptions('groupNorm', options, ['eps', 'initial']);
  const { eps = 1e-5, initial = 'ones' } = options;
  const args = { groups, eps, initial };
  checkGroupNorm('groupNorm', args);
  return (x, path) => applyOwn(GroupNorm, { name: path, ...args }, x);
}
