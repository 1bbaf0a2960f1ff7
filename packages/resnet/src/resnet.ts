/**
 * ResNet, "Deep Residual Learning for Image Recognition" (https://arxiv.org/abs/1512.03385), Wide ResNet
 * (https://arxiv.org/abs/1605.07146) and ResNeXt (https://arxiv.org/abs/1611.05431).
 */
import {
  type BuildOptions,
  batchNorm,
  conv,
  globalAvgPool,
  head,
  type Layer,
  maxPool,
  type NetOptions,
  relu,
  seq,
} from '@cnnzoo/core/family';
import { type BasicBlockOptions, type BottleneckOptions, initial } from './blocks.js';
import { checkDepths, checkNorm } from './checks.js';

/** Options of a ResNet's builder. */
export interface ResNetOptions extends BuildOptions, Pick<BasicBlockOptions, 'norm' | 'activation'> {
  /** Starts every residual block as the identity. Default: false. */
  zeroInitResidual?: boolean;
}

/** Choices that ResNet's variants differ in. */
export interface ResNetConfig extends Pick<BottleneckOptions, 'groups' | 'widthPerGroup'> {
  block: (width: number, options: BottleneckOptions) => Layer;
  /** Blocks in each of the four stages. */
  depths: readonly [number, number, number, number];
}

/**
 * Stem, four stages, pooling, classifier. Each stage doubles the width; all but the first halve the resolution.
 *
 * @example
 * ```ts
 * import { buildModel } from '@cnnzoo/core';
 * import { bottleneck, resnet } from '@cnnzoo/resnet';
 *
 * const resnet26 = resnet({ block: bottleneck, depths: [2, 2, 2, 2] });
 * buildModel('resnet26', resnet26({ numClasses: 10 }), [224, 224, 3]);
 * ```
 */
export const resnet =
  ({ block, depths, ...widths }: ResNetConfig) =>
  (options: NetOptions<ResNetOptions>): Layer => {
    const { numClasses, norm = batchNorm, activation = relu, zeroInitResidual: zeroInit = false } = options;
    checkNorm(norm);
    checkDepths(depths, 4);
    const shared = { zeroInit, norm, activation, ...widths };
    const stage = (i: 0 | 1 | 2 | 3): Layer =>
      seq(
        Array.from({ length: depths[i] }, (_, j) =>
          block(64 * 2 ** i, { stride: i > 0 && j === 0 ? 2 : 1, ...shared }),
        ),
      );
    return seq({
      conv1: conv(64, 7, { stride: 2, padding: 3, bias: false, initial }),
      bn1: norm(),
      relu: activation,
      maxpool: maxPool(3, 2, 1),
      layer1: stage(0),
      layer2: stage(1),
      layer3: stage(2),
      layer4: stage(3),
      avgpool: globalAvgPool,
      fc: head(numClasses),
    });
  };
