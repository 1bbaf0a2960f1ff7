/**
 * ResNet, "Deep Residual Learning for Image Recognition" (https://arxiv.org/abs/1512.03385), Wide ResNet
 * (https://arxiv.org/abs/1605.07146) and ResNeXt (https://arxiv.org/abs/1611.05431). A residual block adds its result to its
 * input: a block that should change nothing only has to give zero, so that more depth does no harm.
 * As in torchvision ("v1.5"), a bottleneck strides in its 3x3 convolution; the paper strides in the first 1x1.
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
  type Norm,
  type ResidualOptions,
  relu,
  residual,
  seq,
} from '@cnnzoo/core/family';
import { checkDepths, checkNorm, lastNorm } from './checks.js';

/** Options of `basicBlock`. */
export interface BasicBlockOptions {
  /** Stride of the block as a whole: 2 halves height and width. Default: 1. */
  stride?: number;
  /** Makes the norm after each convolution. Default: `batchNorm`. */
  norm?: Norm;
  /** Layer after each norm, but the last, and after the addition. Default: `relu`. */
  activation?: Layer;
  /** Starts the last norm's weight at 0, so that the block starts as the identity (Goyal et al., 2017). Default: false. */
  zeroInit?: boolean;
  /** Makes the shortcut of a block that changes resolution or channels. Default: a 1x1 convolution and a norm. */
  project?: ResidualOptions['project'];
}

/** Options of `bottleneck`. */
export interface BottleneckOptions extends BasicBlockOptions {
  /** Groups of the 3x3 convolution: 32 or 64 in ResNeXt. Default: 1. */
  groups?: number;
  /** Inner channels of one group where the stage has 64: 128 in the wide variants. Default: 64. */
  widthPerGroup?: number;
}

const initial = 'kaiming_normal_fan_out';
const conv3x3 = (channels: number, stride = 1, groups = 1): Layer =>
  conv(channels, 3, { stride, padding: 1, groups, bias: false, initial });
const conv1x1 = (channels: number, stride = 1): Layer => conv(channels, 1, { stride, bias: false, initial });

const projection =
  (norm: Norm): ResidualOptions['project'] =>
  (channels, stride) =>
    seq([conv1x1(channels, stride), norm()]);

/**
 * Residual block of two 3x3 convolutions: [n, h, w, c] -> [n, h / stride, w / stride, width].
 *
 * @example
 * ```ts
 * import { basicBlock } from '@cnnzoo/resnet';
 *
 * const block = basicBlock(128, { stride: 2 }); // [n, 56, 56, 64] -> [n, 28, 28, 128]
 * ```
 */
export function basicBlock(width: number, options: BasicBlockOptions = {}): Layer {
  const { stride = 1, norm = batchNorm, activation = relu, zeroInit = false, project = projection(norm) } = options;
  checkNorm(norm);
  return residual(
    {
      conv1: conv3x3(width, stride),
      bn1: norm(),
      relu1: activation,
      conv2: conv3x3(width),
      bn2: lastNorm(norm, zeroInit),
    },
    { stride, project, activation },
  );
}

/**
 * Residual block of a 1x1 convolution to the inner width, a 3x3 one, and a 1x1 one to four times `width`:
 * [n, h, w, c] -> [n, h / stride, w / stride, 4 width].
 *
 * @example
 * ```ts
 * import { bottleneck } from '@cnnzoo/resnet';
 *
 * const block = bottleneck(128, { stride: 2, groups: 32, widthPerGroup: 4 }); // [n, 56, 56, 256] -> [n, 28, 28, 512]
 * ```
 */
export function bottleneck(width: number, options: BottleneckOptions = {}): Layer {
  const { stride = 1, norm = batchNorm, activation = relu, zeroInit = false, project = projection(norm) } = options;
  checkNorm(norm);
  const { groups = 1, widthPerGroup = 64 } = options;
  const inner = Math.floor((width * widthPerGroup) / 64) * groups;
  return residual(
    {
      conv1: conv1x1(inner),
      bn1: norm(),
      relu1: activation,
      conv2: conv3x3(inner, stride, groups),
      bn2: norm(),
      relu2: activation,
      conv3: conv1x1(width * 4),
      bn3: lastNorm(norm, zeroInit),
    },
    { stride, project, activation },
  );
}

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
